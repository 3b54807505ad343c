/* model_actor.c - who does something with a store, and what each of them may. */
#include <okapi/group.h>
#include <okapi/permission.h>

#include "model.h"

static const char *const actors[MODEL_ACTORS] = {"john", "mary", "bob", "carol"};
static const char *const members[MODEL_MEMBERS] = {"", "staff", "mary", "bob", "carol"};

enum { MEMBER_DEFAULT, MEMBER_GROUP, MEMBER_FIRST_ACTOR };

const char *model_actor_name(int actor)
{
    return actors[actor];
}

const char *model_member_name(int member)
{
    return members[member];
}

int model_member(const char *name)
{
    for (int i = 0; i < MODEL_MEMBERS; i++) {
        if (strcmp(members[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int model_member_of(int actor)
{
    return MEMBER_FIRST_ACTOR + actor - MODEL_MARY;
}

/* ---- in the database ---- */

void model_actors_add(mailbox_t *mailbox)
{
    const okapi_group_t staff = {.name = "staff", .fullname = "Staff"};
    okapi_group_t *group;
    apr_pool_t *pool = mailbox->pool;
    mailbox_must(okapi_group_add(mailbox->okapi, &staff, pool), "staff");
    mailbox_must(okapi_group_by_name(&group, mailbox->okapi, "staff", pool, pool), "staff");
    for (int i = MODEL_MARY; i < MODEL_ACTORS; i++) {
        const okapi_user_t user = {.name = actors[i], .fullname = actors[i],
                                   .email = apr_pstrcat(pool, actors[i], "@example.org", NULL)};
        mailbox_must(okapi_user_add(mailbox->okapi, &user, NULL, pool), actors[i]);
    }
    mailbox_must(okapi_group_add_member(mailbox->okapi, group, "mary", pool), "mary in staff");
    mailbox_must(okapi_group_add_member(mailbox->okapi, group, "bob", pool), "bob in staff");
}

void model_actors_open(okapi_store_t **stores, mailbox_t *mailbox, apr_pool_t *pool)
{
    okapi_user_t *owner, *actor;
    mailbox_must(okapi_user_by_login(&owner, mailbox->okapi, actors[MODEL_OWNER], pool, pool),
                 "owner");
    for (int i = 0; i < MODEL_ACTORS; i++) {
        mailbox_must(okapi_user_by_login(&actor, mailbox->okapi, actors[i], pool, pool), actors[i]);
        mailbox_must(okapi_store_open(&stores[i], mailbox->okapi, actor, owner, pool, pool),
                     "store");
    }
}

/* ---- rights ---- */

/* One's own entry comes before that of the group, and this before the default one. */
apr_uint32_t model_rights(const model_object_t *folder, int actor)
{
    int own = model_member_of(actor);
    if (actor == MODEL_OWNER) {
        return OKAPI_RIGHT_ALL;
    }
    if (folder->entries[own] != MODEL_NO_ENTRY) {
        return folder->entries[own];
    }
    if (actor != MODEL_CAROL && folder->entries[MEMBER_GROUP] != MODEL_NO_ENTRY) {
        return folder->entries[MEMBER_GROUP];
    }
    return folder->entries[MEMBER_DEFAULT];
}

apr_uint32_t model_message_rights(const model_object_t *folder, const model_object_t *message,
                                  int actor)
{
    apr_uint32_t rights = model_rights(folder, actor);
    if (actor != MODEL_OWNER && message->creator == actor) {
        rights |= OKAPI_RIGHT_READ_ANY;
        rights |= rights & OKAPI_RIGHT_EDIT_OWNED ? OKAPI_RIGHT_EDIT_ANY : 0;
        rights |= rights & OKAPI_RIGHT_DELETE_OWNED ? OKAPI_RIGHT_DELETE_ANY : 0;
    }
    if (message->is_associated && !(rights & OKAPI_RIGHT_OWNER)) {
        rights &= ~(apr_uint32_t)(OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_DELETE_ANY);
    }
    return rights;
}

int model_sees(const model_object_t *folder, int actor)
{
    return (model_rights(folder, actor) &
            (OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_OWNER)) != 0;
}

int model_lists(const model_object_t *folder, int actor)
{
    return (model_rights(folder, actor) & (OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_CREATE |
                                           OKAPI_RIGHT_EDIT_OWNED | OKAPI_RIGHT_DELETE_OWNED)) != 0;
}
