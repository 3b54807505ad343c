/* okapi_admin.c - the administrator's tool: its table of commands, their options and their help.
 *
 *   okapi-admin NOUN VERB ARGUMENTS... OPTIONS...
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/bodies.h>
#include <okapi/error.h>

#include "admin.h"
#include "admin_rights.h"

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
    {"resource", "KIND", "room or equipment, which answers meeting requests; none: a person"},
    {"accept", NULL, "accepts meeting requests by itself, at once"},
    {"no-accept", NULL, "somebody answers them"},
    {"decline-conflicts", NULL, "with --accept: declines what overlaps with something else"},
    {"allow-conflicts", NULL, "with --accept: accepts that too"},
    {"decline-recurring", NULL, "with --accept: declines series"},
    {"allow-recurring", NULL, "with --accept: accepts series too"},
    {NULL, NULL, NULL}};

static const admin_option_t passwd_options[] = {
    {"password-stdin", NULL, "read the password from the first line of standard input"},
    {NULL, NULL, NULL}};

static const admin_option_t collect_options[] = {
    {"age", "MINUTES", "only what is older; else 60"}, {NULL, NULL, NULL}};

static const admin_option_t delete_options[] = {{"yes", NULL, "don't ask on a terminal"},
                                                {NULL, NULL, NULL}};

static const admin_option_t create_folder_options[] = {
    {"class", "CLASS", "what is in it, as IPF.Appointment; else as in the folder above it"},
    {NULL, NULL, NULL}};

static const admin_option_t alias_options[] = {
    {"alias", "ADDRESS", "one more address; may be given several times"},
    {"remove-alias", "ADDRESS", "one address less; may be given several times"},
    {NULL, NULL, NULL}};

static const admin_option_t set_group_options[] = {
    {"fullname", "TEXT", "the name people see"},
    {"alias", "ADDRESS", "one more address; may be given several times"},
    {"remove-alias", "ADDRESS", "one address less; may be given several times"},
    {NULL, NULL, NULL}};

static const admin_option_t create_group_options[] = {
    {"fullname", "TEXT", "the name people see"}, {NULL, NULL, NULL}};

static const admin_option_t delegate_options[] = {
    {"meetings", NULL, "gets a copy of each meeting request"},
    {"private", NULL, "sees what is private"},
    {NULL, NULL, NULL}};

static const admin_option_t export_options[] = {
    {"format", "FORMAT", "eml, which is the default, msg, tnef, ics or vcf"},
    {"id", "ID", "this message only"},
    {NULL, NULL, NULL}};

static const admin_option_t oof_options[] = {
    {"on", NULL, "out of office from now on"},
    {"off", NULL, "in the office again"},
    {"from", "TIME", "out of office from then on"},
    {"until", "TIME", "until then"},
    {"audience", "WHOM", "who outside is told: none, known (contacts), unknown, all"},
    {"internal", "TEXT", "what people of the server are told"},
    {"external", "TEXT", "what others are"},
    {"known", "TEXT", "what those of them who are contacts are"},
    {NULL, NULL, NULL}};

static const admin_option_t quota_options[] = {
    {"warn", "SIZE", "from this size on the owner is warned"},
    {"send", "SIZE", "from this size on nothing can be sent"},
    {"receive", "SIZE", "beyond this size nothing is received or saved"},
    {NULL, NULL, NULL}};

static const char mailbox_help[] =
    "MAILBOX is a user, or " TOOL_PUBLIC ", the public store. FOLDER is a path as Inbox/Projects;\n"
    "/ is the top of what people see.";

static const char import_help[] =
    "MAILBOX is a user, or " TOOL_PUBLIC ", the public store. FOLDER is a path as Inbox/Projects.\n"
    "PATH is a file named .eml (Internet mail), .msg (Outlook), .tnef or .dat (winmail.dat), .ics\n"
    "(iCalendar) or .vcf (vCard); or a directory, of which all files named so are imported.";

#define WHO_HELP                                                                                   \
    "MAILBOX is a user, or " TOOL_PUBLIC ", the public store. FOLDER is a path as Inbox/Projects;\n" \
    "/ is the top of what people see. WHO is a user or a group, @default for everybody who isn't\n" \
    "in the list, @anonymous for who isn't logged in."

static const char who_help[] = WHO_HELP;
static const char rights_help[] = WHO_HELP "\n" ADMIN_RIGHTS_HELP;

static const char delegate_help[] =
    "What a delegate may do in which folder is set with 'okapi-admin permission set'. Given again,\n"
    "the options replace those from before.";

static const char oof_help[] =
    "TIME is 2026-12-24 or \"2026-12-24 08:00\", local time or with Z at its end UTC. TEXT is HTML if\n"
    "it begins with <. What isn't named stays. Each sender is told once, until the state is set anew.";

static const char queue_help[] = "ENTRY all tries everything that waits.";

static const char send_as_help[] =
    "Such mail shows nothing of who sent it. Delegates ('okapi-admin delegate') send on behalf of\n"
    "somebody, which mail shows.";

static const char quota_help[] =
    "SIZE is a number of bytes or as 500M or 2G; none is no limit, default is the server's\n"
    "(QuotaWarn, QuotaSend and QuotaReceive in okapi.conf). What isn't named stays.";

static const char words_help[] =
    "WORDS are words, which a message has all of, \"phrases\" in quotation marks, and begin* for\n"
    "words that begin so. What is found are subjects, bodies, senders, recipients and attachments.";

/* Sorted by noun, then by verb, as the help prints them. */
static const admin_command_t commands[] = {
    {"config", "template", "", "Prints a commented okapi.conf with every setting's default.",
     ADMIN_NEEDS_NOTHING, NULL, NULL, admin_config_template},
    {"delegate", "add", "USER DELEGATE", "Makes a user a delegate of another, or changes what one gets.",
     ADMIN_NEEDS_DATABASE, delegate_options, delegate_help, admin_delegate_add},
    {"delegate", "list", "USER", "Lists who acts for a user.", ADMIN_NEEDS_DATABASE, NULL, NULL,
     admin_delegate_list},
    {"delegate", "remove", "USER DELEGATE", "Ends that; permissions on folders stay.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_delegate_remove},
    {"folder", "address", "MAILBOX FOLDER",
     "Prints or changes the mail addresses whose mail goes into a folder.", ADMIN_NEEDS_DATABASE,
     alias_options, mailbox_help, admin_folder_address},
    {"folder", "create", "MAILBOX FOLDER", "Makes a folder.", ADMIN_NEEDS_DATABASE,
     create_folder_options, mailbox_help, admin_folder_create},
    {"folder", "list", "MAILBOX", "Prints the tree of a mailbox' folders with their counts.",
     ADMIN_NEEDS_DATABASE, NULL, mailbox_help, admin_folder_list},
    {"group", "add", "GROUP MEMBER", "Puts a user or a group into a group.", ADMIN_NEEDS_DATABASE,
     NULL, NULL, admin_group_add},
    {"group", "create", "GROUP", "Creates a group, to give permissions and send mail to.", ADMIN_NEEDS_DATABASE,
     create_group_options, NULL, admin_group_create},
    {"group", "delete", "GROUP", "Deletes a group and all its permissions.", ADMIN_NEEDS_DATABASE,
     NULL, NULL, admin_group_delete},
    {"group", "list", "", "Lists all groups.", ADMIN_NEEDS_DATABASE, NULL, NULL, admin_group_list},
    {"group", "remove", "GROUP MEMBER", "Takes a user or a group out of a group.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_group_remove},
    {"group", "set", "GROUP", "Changes a group's name and addresses.", ADMIN_NEEDS_DATABASE,
     set_group_options, NULL, admin_group_set},
    {"group", "show", "GROUP", "Prints who is in a group.", ADMIN_NEEDS_DATABASE, NULL, NULL,
     admin_group_show},
    {"index", "list", "", "Lists how far the indexes of words of all mailboxes have come.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_index_list},
    {"index", "rebuild", "MAILBOX", "Makes a mailbox' index of words anew.", ADMIN_NEEDS_DATABASE,
     NULL, mailbox_help, admin_index_rebuild},
    {"index", "search", "MAILBOX WORDS", "Lists the messages that have all of the words.",
     ADMIN_NEEDS_DATABASE, NULL, words_help, admin_index_search},
    {"index", "show", "MAILBOX", "Prints how far a mailbox' index of words has come.",
     ADMIN_NEEDS_DATABASE, NULL, mailbox_help, admin_index_show},
    {"index", "update", "MAILBOX", "Brings a mailbox' index of words up to date at once.",
     ADMIN_NEEDS_DATABASE, NULL, mailbox_help, admin_index_update},
    {"message", "export", "MAILBOX FOLDER DIRECTORY", "Writes a folder's messages as files.",
     ADMIN_NEEDS_DATABASE, export_options, mailbox_help, admin_message_export},
    {"message", "import", "MAILBOX FOLDER PATH", "Puts messages from a file into a folder.",
     ADMIN_NEEDS_DATABASE, NULL, import_help, admin_message_import},
    {"oof", "set", "USER", "Sets whether a user is out of office, and what people are told then.",
     ADMIN_NEEDS_DATABASE, oof_options, oof_help, admin_oof_set},
    {"oof", "show", "USER", "Prints whether a user is out of office, and what people are told then.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_oof_show},
    {"permission", "list", "MAILBOX FOLDER", "Lists who may do what in a folder.",
     ADMIN_NEEDS_DATABASE, NULL, mailbox_help, admin_permission_list},
    {"permission", "remove", "MAILBOX FOLDER WHO", "Removes an entry of that list.",
     ADMIN_NEEDS_DATABASE, NULL, who_help, admin_permission_remove},
    {"permission", "set", "MAILBOX FOLDER WHO RIGHTS", "Sets what somebody may do in a folder.",
     ADMIN_NEEDS_DATABASE, NULL, rights_help, admin_permission_set},
    {"public", "create", "", "Creates the public store.", ADMIN_NEEDS_DATABASE, NULL, NULL,
     admin_public_create},
    {"public", "list", "", "Prints the tree of public folders with their counts.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_public_list},
    {"queue", "drop", "ENTRY", "Takes mail out of the queue; what nobody has got is a draft again.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_queue_drop},
    {"queue", "list", "", "Lists mail on its way out.", ADMIN_NEEDS_DATABASE, NULL, NULL,
     admin_queue_list},
    {"queue", "retry", "ENTRY", "Tries it again at once.", ADMIN_NEEDS_DATABASE, NULL, queue_help,
     admin_queue_retry},
    {"queue", "show", "ENTRY", "Prints who has got it, and what the others wait for.",
     ADMIN_NEEDS_DATABASE, NULL, NULL, admin_queue_show},
    {"quota", "defaults", "", "Prints the limits of mailboxes that have none of their own.",
     ADMIN_NEEDS_CONFIG, NULL, NULL, admin_quota_defaults},
    {"quota", "list", "", "Lists how large all mailboxes are and may become.", ADMIN_NEEDS_DATABASE,
     NULL, NULL, admin_quota_list},
    {"quota", "set", "MAILBOX", "Limits how large a mailbox may become.", ADMIN_NEEDS_DATABASE,
     quota_options, quota_help, admin_quota_set},
    {"quota", "show", "MAILBOX", "Prints how large a mailbox is and may become.",
     ADMIN_NEEDS_DATABASE, NULL, mailbox_help, admin_quota_show},
    {"send-as", "add", "USER WHO", "Lets a user or a group send mail in another user's name.",
     ADMIN_NEEDS_DATABASE, NULL, send_as_help, admin_send_as_add},
    {"send-as", "list", "USER", "Lists who may send in a user's name.", ADMIN_NEEDS_DATABASE, NULL,
     send_as_help, admin_send_as_list},
    {"send-as", "remove", "USER WHO", "Ends that.", ADMIN_NEEDS_DATABASE, NULL, send_as_help,
     admin_send_as_remove},
    {"store", "collect", "", "Removes the bytes of attachments and texts that no message has any more.",
     ADMIN_NEEDS_DATABASE, collect_options, NULL, admin_store_collect},
    {"store", "create-database", "", "Creates the database okapi.conf names, if it isn't there.",
     ADMIN_NEEDS_CONFIG, NULL, NULL, admin_store_create_database},
    {"store", "list", "", "Lists all mailboxes with their sizes.", ADMIN_NEEDS_DATABASE, NULL, NULL,
     admin_store_list},
    {"store", "show", "MAILBOX", "Prints what there is to know about a mailbox.",
     ADMIN_NEEDS_DATABASE, NULL, mailbox_help, admin_store_show},
    {"user", "add", "NAME", "Adds a user and makes the mailbox.", ADMIN_NEEDS_DATABASE, add_options,
     NULL, admin_user_add},
    {"user", "delete", "NAME", "Deletes a user, and the mailbox with everything in it.",
     ADMIN_NEEDS_DATABASE, delete_options, NULL, admin_user_delete},
    {"user", "list", "", "Lists all users.", ADMIN_NEEDS_DATABASE, NULL, NULL, admin_user_list},
    {"user", "passwd", "NAME", "Sets a user's password; asks for it on a terminal.",
     ADMIN_NEEDS_DATABASE, passwd_options, NULL, admin_user_passwd},
    {"user", "set", "NAME", "Changes what is known of a user.", ADMIN_NEEDS_DATABASE, set_options,
     NULL, admin_user_set},
    {"user", "show", "NAME", "Prints what is known of a user.", ADMIN_NEEDS_DATABASE, NULL, NULL,
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

/* The help's column of commands is as wide as the longest. */
static int command_width(const admin_command_t *command)
{
    return (int)(strlen(command->noun) + strlen(command->verb) + strlen(command->args)) + 2;
}

/* All commands, or those of NOUN. */
static void print_commands(const char *noun)
{
    int width = 0;
    printf("Usage: okapi-admin %s VERB [ARGUMENTS] [OPTIONS]\n\n", noun ? noun : "NOUN");
    for (int print = 0; print < 2; print++) {
        for (int i = 0; i < COMMANDS; i++) {
            const admin_command_t *command = &commands[i];
            int own = command_width(command);
            if (noun && strcmp(noun, command->noun) != 0) {
                continue;
            }
            if (print) {
                printf("  %s %s %s%*s  %s\n", command->noun, command->verb, command->args,
                       width - own, "", command->help);
            } else {
                width = own > width ? own : width;
            }
        }
    }
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
    printf("Usage: okapi-admin %s %s%s%s [OPTIONS]\n\n%s\n", command->noun, command->verb,
           *command->args ? " " : "", command->args, command->help);
    if (command->more) {
        printf("%s\n", command->more);
    }
    printf("\nOptions:\n");
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
    admin.tool.host.bodies = okapi_body_converter();
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

int admin_open_mailbox(admin_t *admin, int i, okapi_store_t **store)
{
    tool_t *tool = &admin->tool;
    okapi_user_t *owner = NULL;
    int is_public = strcmp(admin_arg(admin, i), TOOL_PUBLIC) == 0;
    int code = is_public ? 0 : admin_find_user(admin, i, &owner);
    if (code) {
        return code;
    }
    apr_status_t rv = tool_open_mailbox(tool, owner, store, tool->pool);
    if (rv == OKAPI_ENOTFOUND && is_public) {
        tool_error(tool, "there is no public store; 'okapi-admin public create' makes it");
        return EX_NOUSER;
    }
    return rv == APR_SUCCESS ? 0
                             : tool_fail(tool, rv, "the mailbox of %s can't be opened",
                                         admin_arg(admin, i));
}

int admin_open_folder(admin_t *admin, int i, okapi_store_t *store, okapi_folder_t **folder)
{
    tool_t *tool = &admin->tool;
    const char *path = admin_arg(admin, i);
    okapi_id_t id = okapi_store_special(store, OKAPI_FOLDER_IPM_SUBTREE);
    apr_status_t rv = strcmp(path, "/") == 0 ? APR_SUCCESS
                                             : okapi_folder_by_path(&id, store, path, tool->pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_open(folder, store, id, tool->pool, tool->pool);
    }
    if (rv == OKAPI_ENOTFOUND) {
        const char *mailbox =
            okapi_store_is_public(store) ? TOOL_PUBLIC : okapi_store_owner(store)->name;
        tool_error(tool, "%s has no folder \"%s\"; 'okapi-admin folder list %s' shows what there is",
                   mailbox, path, mailbox);
        return EX_DATAERR;
    }
    return rv == APR_SUCCESS ? 0 : tool_fail(tool, rv, "the folder \"%s\"", path);
}
