/*
 * config_source: where a configuration value stands, and errors that show it. For config*.c.
 */
#ifndef DAYBOOK_JOBS_CONFIG_SOURCE_H
#define DAYBOOK_JOBS_CONFIG_SOURCE_H

#include "jobs/config.h"

struct config_place {
    enum config_from from;
    int line, column;  /* file: from 1 */
    const char *label; /* others: the variable or flag */
};

struct config_reader {
    struct config *config;
    const struct config_sources *sources;
    FILE *errors;
    uint32_t error_count;
};

/* Writes "file:line:col: …" with the line and a caret, or "LABEL: …"; `hint` may be NULL. */
void config_error(struct config_reader *reader, const struct config_place *place, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One value of a general key, or of a bank's (`bank` not NULL). Reports what is wrong. */
void config_take(struct config_reader *reader, struct config_bank *bank, const char *name,
                 const char *text, const struct config_place *key_place,
                 const struct config_place *place);
/* The bank of that name, made when it is new; NULL: reported. */
struct config_bank *config_take_bank(struct config_reader *reader, const char *name,
                                     const struct config_place *place);

void config_read_file(struct config_reader *reader);

#endif
