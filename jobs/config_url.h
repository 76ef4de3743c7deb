/*
 * config_url: the texts of the configuration that have a form of their own. Pure.
 */
#ifndef DAYBOOK_JOBS_CONFIG_URL_H
#define DAYBOOK_JOBS_CONFIG_URL_H

#include "jobs/config.h"

/* Letters, digits, hyphens: bytes that are safe in every profile's path and body. */
bool config_is_account_byte(char byte);

/* http://host:port[/prefix]; no user, query or fragment. */
MUST_USE bool config_check_url(const char *text, char error[VALUE_ERROR_BYTES]);
/* Fills in host, port and path_prefix from a url that passed the check. */
void config_split_url(struct config_bank *bank);

/* A conninfo string or URI that libpq understands. */
MUST_USE bool config_check_database(const char *text, char error[VALUE_ERROR_BYTES]);
/* Does it carry a password? */
bool config_has_password(const char *conninfo);

#endif
