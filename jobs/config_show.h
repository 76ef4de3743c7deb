/*
 * config_show: the configuration as it holds, key by key, and where each value comes from.
 */
#ifndef DAYBOOK_JOBS_CONFIG_SHOW_H
#define DAYBOOK_JOBS_CONFIG_SHOW_H

#include "jobs/config.h"

#define CONFIG_SHOW_BYTES 512

struct config_line {
    char key[64];
    char value[CONFIG_SHOW_BYTES];  /* "": none */
    char origin[CONFIG_SHOW_BYTES]; /* "default", "FILE:LINE:COLUMN", a variable, "--set", … */
};

/* A general key's line, or that of a bank's (`bank` not NULL; `rules`, where not NULL, has what its
   profile says where the configuration is silent). A password in a text is masked. */
void config_show_key(const struct config *config, const struct config_bank *bank,
                     const struct bank_rules *rules, size_t index, struct config_line *line);
/* The secret that belongs to it: the database's password, or the bank's token. Masked. */
void config_show_secret(const struct config *config, const struct config_bank *bank,
                        struct config_line *line);

#endif
