/* config.c - okapi.conf: the table of settings, its reader and its template. */
#include <stddef.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include <okapi/config.h>
#include <okapi/error.h>

#define LINE_MAX_LENGTH 4096
#define QUOTA_MAX       (APR_INT64_C(1) << 50)

typedef enum kind_e {
    KIND_TEXT,
    KIND_PATH,     /* relative to the directory of okapi.conf; none: "" */
    KIND_DATABASE, /* "driver:parameters"; SQLite's are a path */
    KIND_NUMBER,
    KIND_SIZE,   /* bytes, with an optional K, M or G */
    KIND_SWITCH, /* on or off */
    KIND_TIME,   /* seconds, with an optional s, m, h or d */
    KIND_CHOICE, /* a number, by one of WORDS: its index */
    KIND_RELAY   /* smtp://HOST, smtps://HOST, with or without a port; lmtp://HOST:PORT; none */
} kind_e;

typedef struct setting_t {
    const char *name;
    kind_e kind;
    apr_size_t offset;   /* in okapi_config_t: a const char * or an apr_int64_t */
    const char *initial; /* NULL: found out, see find_server_name */
    apr_int64_t min, max;
    const char *help;
    const char *const *words; /* of KIND_CHOICE, NULL ends them */
} setting_t;

#define SETTING(name, kind, field, initial, min, max, help)                                        \
    {                                                                                              \
        name, kind, offsetof(okapi_config_t, field), initial, min, max, help, NULL                 \
    }
#define CHOICE(name, field, initial, words, help)                                                  \
    {                                                                                              \
        name, KIND_CHOICE, offsetof(okapi_config_t, field), initial, 0, 0, help, words             \
    }

/* In the order of okapi_send_tls_e, and of OKAPI_SENT_COPY_*. */
static const char *const tls_words[] = {"none", "may", "must", NULL};
static const char *const copy_words[] = {"none", "send-as", "on-behalf", "both", NULL};

static const setting_t settings[] = {
    SETTING("Database", KIND_DATABASE, database, "sqlite3:/var/lib/okapi/store.db", 0, 0,
            "Where everything is stored: sqlite3:PATH, or mysql: or pgsql: and the driver's "
            "connection parameters."),
    SETTING("RunDirectory", KIND_PATH, run_dir, "/run/okapi", 0, 0,
            "Sessions, locks and the doorbell socket; a tmpfs serves best."),
    SETTING("Domain", KIND_TEXT, domain, "localhost", 0, 0,
            "The domain of mail addresses, and of logins that name none."),
    SETTING("ServerName", KIND_TEXT, server_name, NULL, 0, 0,
            "The name by which clients reach this server; by default the host's own."),
    SETTING("MaxMessage", KIND_SIZE, max_message, "128M", 1024, APR_INT64_C(2147483647),
            "The largest message that is delivered or saved."),
    SETTING("MaxHeader", KIND_SIZE, max_header, "1M", 1024, APR_INT64_C(1073741824),
            "The largest header section of a message; a message with a larger one is refused."),
    SETTING("MimeDepth", KIND_NUMBER, mime_depth, "50", 1, 1000,
            "How deep nested parts of a message are taken apart; what is deeper stays one "
            "attachment."),
    SETTING("Connections", KIND_NUMBER, connections, "8", 1, 1000,
            "Database connections of one process, at most."),
    SETTING("ExtractProgram", KIND_TEXT, extract_program, "okapi-extract", 0, 0,
            "What makes text of attached documents for the index of words: a program that is "
            "installed with Okapi, the path of another one, or none."),
    SETTING("QuotaWarn", KIND_SIZE, quota_warn, "0", 0, QUOTA_MAX,
            "The size of a mailbox from which on its owner is warned; 0 is none. Each mailbox may "
            "have its own limits."),
    SETTING("QuotaSend", KIND_SIZE, quota_send, "0", 0, QUOTA_MAX,
            "The size of a mailbox from which on nothing can be sent from it; 0 is none."),
    SETTING("QuotaReceive", KIND_SIZE, quota_receive, "0", 0, QUOTA_MAX,
            "The size that a mailbox can't exceed: mail is refused then; 0 is none."),
    SETTING("QuotaBounce", KIND_SWITCH, quota_bounce, "off", 0, 0,
            "on: mail that a mailbox has no room for is refused for good; off: its sender is told "
            "to try again later."),
    SETTING("AddressSeparator", KIND_TEXT, address_separator, "+", 0, 0,
            "Characters that end the user's part of a mail address, as in john+lists@example.org; "
            "none: there are none."),
    SETTING("DetailFolders", KIND_SWITCH, detail_folders, "off", 0, 0,
            "on: mail for john+lists goes into the folder \"lists\" in John's inbox, if it exists."),
    SETTING("DeliveryMemory", KIND_NUMBER, delivery_memory, "120", 0, 8760,
            "For how many hours a delivered message is remembered, so that a mail server that "
            "missed the answer and sends it again doesn't deliver it twice; 0: not at all."),
    SETTING("SendRelay", KIND_RELAY, send_relay, "smtp://localhost:25", 0, 0,
            "The mail server that takes what is sent: smtp://HOST:PORT, smtps://HOST:PORT; "
            "lmtp://HOST:PORT, Okapi's own port, for mail among its users only; none, and mail stays "
            "in the queue."),
    CHOICE("SendTLS", send_tls, "may", tls_words,
           "Encryption to smtp://: none; may, if the relay offers it, whoever that is; must, with "
           "a certificate that is checked, as smtps:// always has."),
    SETTING("SendCAFile", KIND_PATH, send_ca_file, "none", 0, 0,
            "The certificates, PEM, by which the relay's is checked; none: the system's."),
    SETTING("SendCredentials", KIND_PATH, send_credentials, "none", 0, 0,
            "A file whose first line is USER:PASSWORD for the relay; only Okapi should be able to "
            "read it; none: the relay asks for nothing."),
    SETTING("SendHelo", KIND_TEXT, send_helo, NULL, 0, 0,
            "The name by which Okapi greets the relay; by default ServerName."),
    SETTING("SendConnections", KIND_NUMBER, send_connections, "4", 1, 100,
            "Messages that one process sends at once, at most."),
    SETTING("SendTimeout", KIND_TIME, send_timeout, "10m", 2, 86400,
            "How long one message's way to the relay may take; it is tried again after half as "
            "long again if the process dies meanwhile."),
    SETTING("SendRetry", KIND_TIME, send_retry, "1m", 1, 86400,
            "When a message is tried again that the relay didn't take; each time it is twice as "
            "long."),
    SETTING("SendRetryMax", KIND_TIME, send_retry_max, "1h", 1, 864000,
            "The longest time between two tries."),
    SETTING("SendGiveUp", KIND_TIME, send_give_up, "5d", 1, 8640000,
            "How long it is tried before the sender gets it back."),
    CHOICE("SentCopy", sent_copy, "both", copy_words,
           "Whether a mailbox gets a copy in its Sent Items of what others send in its name: by "
           "the right to send-as, on-behalf as delegates, both, none."),
    SETTING("MaxRecipients", KIND_NUMBER, max_recipients, "1000", 1, 10000,
            "The recipients of one message, members of groups counted one by one."),
};

#define COUNT ((int)(sizeof(settings) / sizeof(settings[0])))

/* ---- values ---- */

/* NULL, or what is wrong with VALUE. */
static const char *set_integer(apr_int64_t *field, const setting_t *setting, const char *value,
                               apr_pool_t *pool)
{
    static const char units[] = "KMG";
    char *end;
    apr_int64_t n, factor = 1;

    errno = 0;
    n = apr_strtoi64(value, &end, 10);
    if (setting->kind == KIND_SIZE && *end != '\0') {
        const char *unit = strchr(units, apr_toupper(*end));
        if (unit != NULL) {
            factor = APR_INT64_C(1) << (10 * (unit - units + 1));
            end++;
        }
    }
    if (end == value || *end != '\0') {
        return setting->kind == KIND_SIZE ? "expects a number of bytes, like 64M"
                                          : "expects a number";
    }
    if (errno != 0 || n < 0 || n > setting->max / factor || n * factor < setting->min) {
        return apr_psprintf(pool, "must be between %" APR_INT64_T_FMT " and %" APR_INT64_T_FMT,
                            setting->min, setting->max);
    }
    *field = n * factor;
    return NULL;
}

/* An absolute path; relative ones begin at the directory of okapi.conf. */
static const char *absolute_path(const char *path, const char *config_path, apr_pool_t *pool)
{
    const char *slash = strrchr(config_path, '/');

    if (*path == '/' || slash == NULL) {
        return apr_pstrdup(pool, path);
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, config_path, slash - config_path + 1), path,
                       NULL);
}

static const char *database_value(const char *value, const char *config_path, apr_pool_t *pool)
{
    static const char sqlite[] = "sqlite3:";
    apr_size_t len = strlen(sqlite);

    if (strncmp(value, sqlite, len) != 0) {
        return apr_pstrdup(pool, value);
    }
    return apr_pstrcat(pool, sqlite, absolute_path(value + len, config_path, pool), NULL);
}

/* NULL, or what is wrong with VALUE. */
static const char *set_time(apr_int64_t *field, const setting_t *setting, const char *value,
                            apr_pool_t *pool)
{
    static const char units[] = "smhd";
    static const int seconds[] = {1, 60, 3600, 86400};
    char *end;
    apr_int64_t n, factor = 1;

    errno = 0;
    n = apr_strtoi64(value, &end, 10);
    if (end > value && *end != '\0' && strchr(units, *end) != NULL) {
        factor = seconds[strchr(units, *end) - units];
        end++;
    }
    if (end == value || *end != '\0') {
        return "expects a time, like 90s, 10m, 12h or 5d";
    }
    if (errno != 0 || n < 0 || n > setting->max / factor || n * factor < setting->min) {
        return apr_psprintf(pool, "must be between %" APR_INT64_T_FMT " and %" APR_INT64_T_FMT
                                  " seconds", setting->min, setting->max);
    }
    *field = n * factor;
    return NULL;
}

/* NULL, or what is wrong with VALUE. */
static const char *set_choice(apr_int64_t *field, const setting_t *setting, const char *value,
                              apr_pool_t *pool)
{
    const char *all = "";
    int i;

    for (i = 0; setting->words[i] != NULL; i++) {
        if (strcasecmp(setting->words[i], value) == 0) {
            *field = i;
            return NULL;
        }
        all = apr_pstrcat(pool, all, i > 0 ? ", " : "", setting->words[i], NULL);
    }
    return apr_pstrcat(pool, "expects one of ", all, NULL);
}

static const char *set_value(okapi_config_t *config, const setting_t *setting, const char *value,
                             apr_pool_t *pool)
{
    void *field = (char *)config + setting->offset;

    switch (setting->kind) {
    case KIND_TEXT:
        *(const char **)field = apr_pstrdup(pool, value);
        return NULL;
    case KIND_PATH:
        *(const char **)field = 
            strcmp(value, "none") != 0 ? absolute_path(value, config->path, pool) : "";
        return NULL;
    case KIND_DATABASE:
        if (strncmp(value, "sqlite3:", 8) != 0 && strncmp(value, "mysql:", 6) != 0 &&
            strncmp(value, "pgsql:", 6) != 0) {
            return "expects sqlite3:PATH, mysql:PARAMETERS or pgsql:PARAMETERS";
        }
        *(const char **)field = database_value(value, config->path, pool);
        return NULL;
    case KIND_NUMBER:
    case KIND_SIZE:
        return set_integer(field, setting, value, pool);
    case KIND_SWITCH:
        *(apr_int64_t *)field = strcasecmp(value, "on") == 0;
        return *(apr_int64_t *)field || strcasecmp(value, "off") == 0 ? NULL
                                                                       : "expects on or off";
    case KIND_TIME:
        return set_time(field, setting, value, pool);
    case KIND_RELAY:
        if (strcmp(value, "none") != 0 && strncmp(value, "smtp://", 7) != 0 &&
            strncmp(value, "smtps://", 8) != 0 && strncmp(value, "lmtp://", 7) != 0) {
            return "expects smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT or none";
        }
        *(const char **)field = apr_pstrdup(pool, value);
        return NULL;
    case KIND_CHOICE:
        return set_choice(field, setting, value, pool);
    }
    return NULL;
}

/* ---- names ---- */

/* How many letters have to be inserted, removed or replaced to make A of B. */
static int distance(const char *a, const char *b)
{
    int row[64], i, j, lb = (int)strlen(b);

    if (lb >= 64) {
        return lb;
    }
    for (j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (i = 1; *a != '\0'; i++, a++) {
        int diagonal = row[0];
        row[0] = i;
        for (j = 1; j <= lb; j++) {
            int best = diagonal + (apr_tolower(*a) != apr_tolower(b[j - 1]));
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[lb];
}

static const setting_t *nearest_setting(const char *name)
{
    const setting_t *best = &settings[0];
    int i;

    for (i = 1; i < COUNT; i++) {
        if (distance(name, settings[i].name) < distance(name, best->name)) {
            best = &settings[i];
        }
    }
    return best;
}

static const setting_t *find_setting(const char *name)
{
    int i;

    for (i = 0; i < COUNT; i++) {
        if (strcasecmp(settings[i].name, name) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

/* ---- reading ---- */

/* Cuts white space at both ends. */
static char *trim(char *text)
{
    char *end;

    while (apr_isspace(*text)) {
        text++;
    }
    end = text + strlen(text);
    while (end > text && apr_isspace(end[-1])) {
        *--end = '\0';
    }
    return text;
}

/* A value may stand in double quotes, as in httpd's files. */
static char *unquote(char *value)
{
    apr_size_t len = strlen(value);

    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value[len - 1] = '\0';
        return value + 1;
    }
    return value;
}

/* NULL, or what is wrong with the LINE. SEEN[i] is the number of the line that set settings[i]. */
static const char *read_line(okapi_config_t *config, int *seen, int number, char *line,
                             apr_pool_t *pool)
{
    const setting_t *setting;
    const char *name, *complaint;
    char *value;

    line = trim(line);
    if (*line == '\0' || *line == '#') {
        return NULL;
    }
    value = line + strcspn(line, " \t");
    if (*value != '\0') {
        *value++ = '\0';
    }
    name = line;
    value = unquote(trim(value));
    setting = find_setting(name);
    if (setting == NULL) {
        return apr_psprintf(pool, "unknown setting %s; did you mean %s?", name,
                            nearest_setting(name)->name);
    }
    if (*value == '\0') {
        return apr_psprintf(pool, "%s has no value", setting->name);
    }
    if (seen[setting - settings] != 0) {
        return apr_psprintf(pool, "%s is set in line %d already", setting->name,
                            seen[setting - settings]);
    }
    seen[setting - settings] = number;
    complaint = set_value(config, setting, value, pool);
    return complaint != NULL ? apr_pstrcat(pool, setting->name, " ", complaint, NULL) : NULL;
}

static apr_status_t read_lines(okapi_config_t *config, const char **message, apr_file_t *file,
                               apr_pool_t *pool)
{
    char line[LINE_MAX_LENGTH];
    int seen[COUNT] = {0}, number;

    for (number = 1;; number++) {
        apr_status_t rv = apr_file_gets(line, sizeof(line), file);
        const char *complaint;
        if (APR_STATUS_IS_EOF(rv)) {
            return APR_SUCCESS;
        }
        if (rv) {
            *message = apr_psprintf(pool, "%s: line %d can't be read", config->path, number);
            return rv;
        }
        complaint = strlen(line) == sizeof(line) - 1 ? "the line is too long"
                                                     : read_line(config, seen, number, line, pool);
        if (complaint != NULL) {
            *message = apr_psprintf(pool, "%s: line %d: %s", config->path, number, complaint);
            return OKAPI_ECONFIG;
        }
    }
}

static const char *find_server_name(apr_pool_t *pool)
{
    char name[APRMAXHOSTLEN + 1];

    if (apr_gethostname(name, sizeof(name), pool) != APR_SUCCESS || name[0] == '\0') {
        return "localhost";
    }
    return apr_pstrdup(pool, name);
}

apr_status_t okapi_config_read(okapi_config_t **config, const char **message, const char *path,
                               apr_pool_t *result_pool)
{
    okapi_config_t *c = apr_pcalloc(result_pool, sizeof(*c));
    apr_file_t *file;
    apr_status_t rv;
    int i;

    *message = NULL;
    c->path = apr_pstrdup(result_pool, path);
    for (i = 0; i < COUNT; i++) {
        if (settings[i].initial != NULL) {
            set_value(c, &settings[i], settings[i].initial, result_pool);
        }
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, result_pool);
    if (rv) {
        char reason[120];
        *message = apr_psprintf(result_pool, "%s can't be read: %s", path,
                                apr_strerror(rv, reason, sizeof(reason)));
        return rv;
    }
    rv = read_lines(c, message, file, result_pool);
    apr_file_close(file);
    if (rv) {
        return rv;
    }
    if (c->server_name == NULL) {
        c->server_name = find_server_name(result_pool);
    }
    if (c->send_helo == NULL) {
        c->send_helo = c->server_name;
    }
    *config = c;
    return APR_SUCCESS;
}

/* ---- the template ---- */

/* TEXT as comment lines of at most 90 characters. */
static const char *comment(const char *text, apr_pool_t *pool)
{
    const char *result = "";

    while (*text != '\0') {
        apr_size_t len = strlen(text);
        if (len > 88) {
            for (len = 88; len > 1 && text[len] != ' '; len--) {
            }
        }
        result = apr_pstrcat(pool, result, "# ", apr_pstrmemdup(pool, text, len), "\n", NULL);
        text += len;
        text += strspn(text, " ");
    }
    return result;
}

const char *okapi_config_template(apr_pool_t *result_pool)
{
    const char *text = "# okapi.conf - read by httpd, the tools and the delivery agent.\n"
                       "# The values shown are the defaults.\n";
    int i;

    for (i = 0; i < COUNT; i++) {
        const char *initial = settings[i].initial;
        text = apr_pstrcat(result_pool, text, "\n", comment(settings[i].help, result_pool), "#",
                           settings[i].name, " ",
                           initial != NULL ? initial : find_server_name(result_pool), "\n", NULL);
    }
    return text;
}
