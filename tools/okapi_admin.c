/* okapi_admin.c - the administrator's tool: its table of commands, their options and their help.
 *
 *   okapi-admin NOUN VERB ARGUMENTS... OPTIONS...
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "admin.h"

static const admin_option_t add_options[] = {
    {"email", "ADDRESS", "the primary mail address; required"},
    {"fullname", "TEXT", "the name people see"},
    {"password-stdin", NULL, "read the password from the first line of standard input"},
    {"admin", NULL, "may open every mailbox"},
    {NULL, NULL, NULL}};

static const admin_option_t set_options[] = {
    {"email", "ADDRESS", "the primary mail address"},
    {"fullname", "TEXT", "the name people see"},
    {"alias", "ADDRESS", "one more address; may be given several times"},
    {"remove-alias", "ADDRESS", "one address less; may be given several times"},
    {"admin", NULL, "may open every mailbox"},
    {"no-admin", NULL, "may open what others permit only"},
    {"disable", NULL, "can't log in; mail is still delivered"},
    {"enable", NULL, "can log in again"},
    {"hide", NULL, "not shown in the address book"},
    {"unhide", NULL, "shown in the address book"},
    {NULL, NULL, NULL}};

static const admin_option_t passwd_options[] = {
    {"password-stdin", NULL, "read the password from the first line of standard input"},
    {NULL, NULL, NULL}};

static const admin_option_t collect_options[] = {
    {"age", "MINUTES", "only what is older; else 60"}, {NULL, NULL, NULL}};

static const admin_option_t delete_options[] = {{"yes", NULL, "don't ask on a terminal"},
                                                {NULL, NULL, NULL}};

/* Sorted by noun, then by verb, as the help prints them. */
static const admin_command_t commands[] = {
    {"config", "template", "", "Prints a commented okapi.conf with every setting's default.",
     ADMIN_NEEDS_NOTHING, NULL, admin_config_template},
    {"folder", "list", "USER", "Prints the tree of a user's folders with their counts.",
     ADMIN_NEEDS_DATABASE, NULL, admin_folder_list},
    {"store", "collect", "", "Removes the bytes of attachments and texts that no message has any more.",
     ADMIN_NEEDS_DATABASE, collect_options, admin_store_collect},
    {"store", "create-database", "", "Creates the database okapi.conf names, if it isn't there.",
     ADMIN_NEEDS_CONFIG, NULL, admin_store_create_database},
    {"store", "list", "", "Lists all mailboxes with their sizes.", ADMIN_NEEDS_DATABASE, NULL,
     admin_store_list},
    {"store", "show", "USER", "Prints what there is to know about a user's mailbox.",
     ADMIN_NEEDS_DATABASE, NULL, admin_store_show},
    {"user", "add", "NAME", "Adds a user and makes the mailbox.", ADMIN_NEEDS_DATABASE, add_options,
     admin_user_add},
    {"user", "delete", "NAME", "Deletes a user, and the mailbox with everything in it.",
     ADMIN_NEEDS_DATABASE, delete_options, admin_user_delete},
    {"user", "list", "", "Lists all users.", ADMIN_NEEDS_DATABASE, NULL, admin_user_list},
    {"user", "passwd", "NAME", "Sets a user's password; asks for it on a terminal.",
     ADMIN_NEEDS_DATABASE, passwd_options, admin_user_passwd},
    {"user", "set", "NAME", "Changes what is known of a user.", ADMIN_NEEDS_DATABASE, set_options,
     admin_user_set},
    {"user", "show", "NAME", "Prints what is known of a user.", ADMIN_NEEDS_DATABASE, NULL,
     admin_user_show},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const admin_option_t common_options[] = {
    {"conf", "FILE", "the configuration; else OKAPI_CONF, else " TOOL_DEFAULT_CONF},
    {"json", NULL, "print JSON"},
    {"help", NULL, "print this help"},
    {NULL, NULL, NULL}};

/* ---- help ---- */

static void print_options(const admin_option_t *options)
{
    for (; options && options->name; options++) {
        char left[64];
        apr_snprintf(left, sizeof(left), "--%s%s%s", options->name, options->value ? " " : "",
                     options->value ? options->value : "");
        printf("  %-24s %s\n", left, options->help);
    }
}

/* All commands, or those of NOUN. Returns how many. */
static int print_commands(const char *noun)
{
    int n = 0;
    for (int i = 0; i < COMMANDS; i++) {
        const admin_command_t *command = &commands[i];
        char left[64];
        if (noun && strcmp(noun, command->noun) != 0) {
            continue;
        }
        if (n++ == 0) {
            printf("Usage: okapi-admin %s VERB [ARGUMENTS] [OPTIONS]\n\n", noun ? noun : "NOUN");
        }
        apr_snprintf(left, sizeof(left), "%s %s %s", command->noun, command->verb, command->args);
        printf("  %-24s %s\n", left, command->help);
    }
    return n;
}

static int help_overview(const char *noun)
{
    print_commands(noun);
    printf("\nOptions of every command:\n");
    print_options(common_options);
    printf("\n'okapi-admin NOUN VERB --help' shows a command's own options.\n");
    return EX_OK;
}

static int help_command(const admin_command_t *command)
{
    printf("Usage: okapi-admin %s %s%s%s [OPTIONS]\n\n%s\n\nOptions:\n", command->noun,
           command->verb, *command->args ? " " : "", command->args, command->help);
    print_options(command->options);
    print_options(common_options);
    return EX_OK;
}

/* ---- arguments ---- */

static const admin_command_t *find_command(const char *noun, const char *verb)
{
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].noun, noun) == 0 && strcmp(commands[i].verb, verb) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int is_noun(const char *noun)
{
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].noun, noun) == 0) {
            return 1;
        }
    }
    return 0;
}

/* APR's table of long options; an option's letter is its index from 256 on. */
static const apr_getopt_option_t *getopt_table(const admin_option_t *options, apr_pool_t *pool)
{
    apr_array_header_t *table = apr_array_make(pool, 16, sizeof(apr_getopt_option_t));
    const admin_option_t *groups[] = {options, common_options};
    int letter = 256;
    for (int g = 0; g < 2; g++) {
        for (const admin_option_t *o = groups[g]; o && o->name; o++) {
            apr_getopt_option_t *row = apr_array_push(table);
            row->name = o->name;
            row->optch = letter++;
            row->has_arg = o->value != NULL;
            row->description = o->help;
        }
    }
    memset(apr_array_push(table), 0, sizeof(apr_getopt_option_t));
    return (const apr_getopt_option_t *)table->elts;
}

typedef struct getopt_log_t {
    char text[256];
} getopt_log_t;

static void getopt_error(void *arg, const char *format, ...)
{
    getopt_log_t *log = arg;
    va_list args;
    va_start(args, format);
    apr_vsnprintf(log->text, sizeof(log->text), format, args);
    va_end(args);
}

/* Options may stand anywhere. Fills admin->args and admin->options. */
static int parse(admin_t *admin, const admin_option_t *options, const char *help, int argc,
                 char **argv)
{
    const apr_getopt_option_t *table = getopt_table(options, admin->tool.pool);
    getopt_log_t log = {""};
    apr_getopt_t *os;
    const char *value;
    apr_status_t rv;
    int letter;
    apr_getopt_init(&os, admin->tool.pool, argc, (const char *const *)argv);
    os->interleave = 1;
    os->errfn = getopt_error;
    os->errarg = &log;
    while ((rv = apr_getopt_long(os, table, &letter, &value)) == APR_SUCCESS) {
        const apr_getopt_option_t *option = &table[letter - 256];
        apr_table_add(admin->options, option->name, option->has_arg ? value : "");
    }
    if (rv != APR_EOF) {
        const char *reason = strchr(log.text, ':');
        return tool_usage_error(&admin->tool, help, "%.*s",
                                (int)strcspn(reason ? reason + 2 : "wrong option", "\n"),
                                reason ? reason + 2 : "wrong option");
    }
    for (int i = os->ind; i < argc; i++) {
        APR_ARRAY_PUSH(admin->args, const char *) = os->argv[i];
    }
    admin->tool.conf = admin_option(admin, "conf");
    admin->as_json = admin_option(admin, "json") != NULL;
    return 0;
}

static int count_words(const char *words)
{
    int n = 0;
    for (; *words; words += strcspn(words, " "), words += strspn(words, " ")) {
        n++;
    }
    return n;
}

static int run_command(admin_t *admin, const admin_command_t *command, int argc, char **argv)
{
    const char *help =
        apr_pstrcat(admin->tool.pool, "okapi-admin ", command->noun, " ", command->verb, NULL);
    int wanted = count_words(command->args);
    int code = parse(admin, command->options, help, argc, argv);
    if (code) {
        return code;
    }
    if (admin_option(admin, "help")) {
        return help_command(command);
    }
    if (admin->args->nelts != wanted) {
        return wanted ? tool_usage_error(&admin->tool, help, "%s %s takes %s", command->noun,
                                         command->verb, command->args)
                      : tool_usage_error(&admin->tool, help, "%s %s takes no argument",
                                         command->noun, command->verb);
    }
    if (command->needs == ADMIN_NEEDS_CONFIG) {
        code = tool_read_config(&admin->tool);
    } else if (command->needs == ADMIN_NEEDS_DATABASE) {
        code = tool_open(&admin->tool);
    }
    return code ? code : command->run(admin);
}

/* Takes the command, the first two words that aren't options, out of ARGV. Common options may
 * stand before it. Returns how many words there were. */
static int take_command(int *argc, char **argv, const char *words[2])
{
    int n = 0, to = 1;
    for (int i = 1; i < *argc; i++) {
        if (n < 2 && argv[i][0] != '-') {
            words[n++] = argv[i];
            continue;
        }
        argv[to++] = argv[i];
        if (strcmp(argv[i], "--conf") == 0 && i + 1 < *argc) {
            argv[to++] = argv[++i];
        }
    }
    *argc = to;
    return n;
}

int main(int argc, char **argv)
{
    admin_t admin = {{0}};
    const char *words[2] = {NULL, NULL};
    tool_start(&admin.tool, "okapi-admin", &argc, &argv);
    admin.args = apr_array_make(admin.tool.pool, 4, sizeof(const char *));
    admin.options = apr_table_make(admin.tool.pool, 8);

    if (take_command(&argc, argv, words) == 2) {
        const admin_command_t *command = find_command(words[0], words[1]);
        return command ? run_command(&admin, command, argc, argv)
                       : tool_usage_error(&admin.tool, "okapi-admin", "there is no command '%s %s'",
                                          words[0], words[1]);
    }
    int code = parse(&admin, NULL, "okapi-admin", argc, argv);
    if (code) {
        return code;
    }
    if (words[0] && !is_noun(words[0])) {
        return tool_usage_error(&admin.tool, "okapi-admin", "there is no command '%s'", words[0]);
    }
    if (admin_option(&admin, "help")) {
        return help_overview(words[0]);
    }
    return tool_usage_error(&admin.tool, "okapi-admin", "no command given");
}

int admin_find_user(admin_t *admin, int i, okapi_user_t **user)
{
    const char *name = admin_arg(admin, i);
    apr_status_t rv =
        okapi_user_by_login(user, admin->tool.okapi, name, admin->tool.pool, admin->tool.pool);
    return rv == APR_SUCCESS ? 0 : tool_fail(&admin->tool, rv, "%s", name);
}
