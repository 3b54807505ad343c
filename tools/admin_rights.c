/* admin_rights.c - rights on folders in words (MS-OXCPERM 2.2.7): Outlook's roles, and each right
 * by itself. */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "admin_rights.h"

enum {
    READ = OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_VISIBLE,
    CREATE = OKAPI_RIGHT_CREATE | OKAPI_RIGHT_VISIBLE,
    FREEBUSY_TIME = OKAPI_RIGHT_FREEBUSY_SIMPLE,
    FREEBUSY_DETAILS = OKAPI_RIGHT_FREEBUSY_SIMPLE | OKAPI_RIGHT_FREEBUSY_DETAILED,

    NONEDITING_AUTHOR = READ | CREATE | OKAPI_RIGHT_DELETE_OWNED,
    AUTHOR = NONEDITING_AUTHOR | OKAPI_RIGHT_EDIT_OWNED,
    PUBLISHING_AUTHOR = AUTHOR | OKAPI_RIGHT_CREATE_SUBFOLDER,
    EDITOR = AUTHOR | OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_DELETE_ANY,
    PUBLISHING_EDITOR = EDITOR | OKAPI_RIGHT_CREATE_SUBFOLDER,
    OWNER = PUBLISHING_EDITOR | OKAPI_RIGHT_OWNER | OKAPI_RIGHT_CONTACT
};

typedef struct word_t {
    const char *word; /* with '-' between its parts */
    apr_uint32_t rights;
    int is_freebusy;   /* it says something about free/busy times */
    const char *shown; /* of a role, as Outlook has it */
} word_t;

/* The first of several of the same rights is shown. */
static const word_t roles[] = {
    {"owner", OWNER, 0, "owner"},
    {"publishing-editor", PUBLISHING_EDITOR, 0, "publishing editor"},
    {"editor", EDITOR, 0, "editor"},
    {"publishing-author", PUBLISHING_AUTHOR, 0, "publishing author"},
    {"author", AUTHOR, 0, "author"},
    {"nonediting-author", NONEDITING_AUTHOR, 0, "nonediting author"},
    {"reviewer", READ, 0, "reviewer"},
    {"contributor", CREATE, 0, "contributor"},
    {"none", 0, 0, "none"},
    {"free-busy-time-subject-location", FREEBUSY_DETAILS, 1, "free/busy time, subject, location"},
    {"free-busy-time-only", FREEBUSY_TIME, 1, "free/busy time only"}};

static const word_t singles[] = {
    {"read", OKAPI_RIGHT_READ_ANY, 0, NULL},
    {"create", OKAPI_RIGHT_CREATE, 0, NULL},
    {"edit-own", OKAPI_RIGHT_EDIT_OWNED, 0, NULL},
    {"delete-own", OKAPI_RIGHT_DELETE_OWNED, 0, NULL},
    {"edit-all", OKAPI_RIGHT_EDIT_ANY, 0, NULL},
    {"delete-all", OKAPI_RIGHT_DELETE_ANY, 0, NULL},
    {"create-subfolders", OKAPI_RIGHT_CREATE_SUBFOLDER, 0, NULL},
    {"folder-owner", OKAPI_RIGHT_OWNER, 0, NULL},
    {"folder-contact", OKAPI_RIGHT_CONTACT, 0, NULL},
    {"folder-visible", OKAPI_RIGHT_VISIBLE, 0, NULL},
    {"free-busy-time", OKAPI_RIGHT_FREEBUSY_SIMPLE, 1, NULL},
    {"free-busy-details", OKAPI_RIGHT_FREEBUSY_DETAILED, 1, NULL},
    {"no-free-busy", 0, 1, NULL}};

enum {
    NROLES = sizeof(roles) / sizeof(roles[0]),
    NSINGLES = sizeof(singles) / sizeof(singles[0])
};

/* "Publishing Editor" and "Free/Busy time only" as they are in the tables. */
static const char *plain(const char *word, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(word) + 1), *p = out;
    for (; *word; word++) {
        if (apr_isalnum(*word)) {
            *p++ = (char)apr_tolower(*word);
        } else if (p > out && p[-1] != '-') {
            *p++ = '-';
        }
    }
    while (p > out && p[-1] == '-') {
        p--;
    }
    *p = '\0';
    return out;
}

static const word_t *find(const char *word, apr_pool_t *scratch_pool)
{
    const char *name = plain(word, scratch_pool);
    for (int i = 0; i < NROLES; i++) {
        if (strcmp(roles[i].word, name) == 0) {
            return &roles[i];
        }
    }
    for (int i = 0; i < NSINGLES; i++) {
        if (strcmp(singles[i].word, name) == 0) {
            return &singles[i];
        }
    }
    return NULL;
}

const char *admin_rights_parse(apr_uint32_t *rights, int *flags, const char *words,
                               apr_pool_t *scratch_pool)
{
    const word_t *word = find(words, scratch_pool); /* a role may have commas of its own */
    char *state, *copy = apr_pstrdup(scratch_pool, word ? "" : words);
    *rights = word ? word->rights : 0;
    *flags = word && word->is_freebusy ? OKAPI_PERMISSIONS_FREEBUSY : 0;
    if (!word && !*words) {
        return words;
    }
    for (char *p = apr_strtok(copy, ",", &state); p; p = apr_strtok(NULL, ",", &state)) {
        word = find(p, scratch_pool);
        if (!word) {
            return p;
        }
        *rights |= word->rights;
        *flags |= word->is_freebusy ? OKAPI_PERMISSIONS_FREEBUSY : 0;
    }
    return NULL;
}

const char *admin_rights_role(apr_uint32_t rights)
{
    apr_uint32_t usual = rights & ~(apr_uint32_t)FREEBUSY_DETAILS;
    for (int i = 0; i < NROLES; i++) {
        const word_t *role = &roles[i];
        apr_uint32_t have = role->is_freebusy ? rights : usual;
        if ((role->rights | OKAPI_RIGHT_CONTACT) == (have | OKAPI_RIGHT_CONTACT) &&
            (role->rights || !rights)) {
            return role->shown;
        }
    }
    return "custom";
}

json_t *admin_rights_json(apr_uint32_t rights)
{
    json_t *words = json_array();
    for (int i = 0; i < NSINGLES; i++) {
        if (singles[i].rights & rights) {
            json_array_append_new(words, json_string(singles[i].word));
        }
    }
    return words;
}
