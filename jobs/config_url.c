#include "jobs/config_url.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "http://"

struct url_parts {
    const char *host;
    size_t host_bytes;
    int64_t port;
    const char *prefix; /* "" or "/…" */
};

bool config_is_account_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '-';
}

static bool is_host_byte(char byte)
{
    return config_is_account_byte(byte) || byte == '.' || byte == '_';
}

static bool is_path_byte(char byte)
{
    return is_host_byte(byte) || byte == '/' || byte == '~';
}

/* NULL: fine, else what is wrong. */
static const char *split(const char *text, struct url_parts *parts)
{
    if (strncmp(text, "https://", 8) == 0)
        return "https is not supported yet: put the bank behind a local TLS proxy";
    if (strncmp(text, SCHEME, sizeof SCHEME - 1) != 0)
        return "it must begin with http://";
    const char *at = text + sizeof SCHEME - 1;
    parts->host = at;
    while (is_host_byte(*at))
        at++;
    parts->host_bytes = (size_t)(at - parts->host);
    if (parts->host_bytes == 0 || parts->host_bytes > CONFIG_HOST_MAX)
        return "the host is missing or not a host";
    if (*at++ != ':')
        return "the port is missing: http://host:port[/prefix]";
    parts->port = 0;
    for (; *at >= '0' && *at <= '9' && parts->port <= 65535; at++)
        parts->port = parts->port * 10 + (*at - '0');
    if (parts->port < 1 || parts->port > 65535)
        return "the port is not within 1 to 65535";
    if (*at != '\0' && *at != '/')
        return "after the port only a path may follow";
    parts->prefix = at;
    while (is_path_byte(*at))
        at++;
    return *at == '\0' ? NULL : "the path has a byte that is none of A-Z a-z 0-9 - . _ ~ /";
}

bool config_check_url(const char *text, char error[VALUE_ERROR_BYTES])
{
    struct url_parts parts;
    const char *wrong = split(text, &parts);
    if (wrong != NULL)
        snprintf(error, VALUE_ERROR_BYTES, "%s", wrong);
    return wrong == NULL;
}

void config_split_url(struct config_bank *bank)
{
    struct url_parts parts;
    CHECK(split(bank->url, &parts) == NULL);
    memcpy(bank->host, parts.host, parts.host_bytes);
    bank->host[parts.host_bytes] = '\0';
    bank->port = (uint16_t)parts.port;
    bank->path_prefix = bank->url + (parts.prefix - bank->url);
    size_t bytes = strlen(bank->path_prefix);
    if (bytes > 0 && bank->path_prefix[bytes - 1] == '/')
        bank->path_prefix[bytes - 1] = '\0';
}

static bool has_option(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++) {
        if (strcmp(at->keyword, keyword) == 0 && at->val != NULL)
            return true;
    }
    return false;
}

bool config_check_database(const char *text, char error[VALUE_ERROR_BYTES])
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(text, &message);
    PQfreemem(message); // not shown: it may quote a password
    if (options == NULL) {
        snprintf(error, VALUE_ERROR_BYTES,
                 "not a connection string: write host=… dbname=… user=… or postgresql://…");
        return false;
    }
    bool is_service = has_option(options, "service");
    PQconninfoFree(options);
    if (is_service)
        snprintf(error, VALUE_ERROR_BYTES,
                 "a service file says elsewhere where this is: write host=… dbname=… user=…");
    return !is_service;
}

bool config_has_password(const char *conninfo)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);
    bool found = has_option(options, "password");
    PQconninfoFree(options);
    PQfreemem(message);
    return found;
}
