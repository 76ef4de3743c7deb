/*
 * file: whole files, blocking, for jobs. Errors are texts that name the file.
 */
#ifndef DAYBOOK_JOBS_FILE_H
#define DAYBOOK_JOBS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

#define FILE_ERROR_BYTES 512

/* The whole file ("-": stdin), NUL added, to be freed; NULL: see `error`. */
MUST_USE char *file_read(const char *name, size_t bytes_max, size_t *bytes,
                         char error[FILE_ERROR_BYTES]);

/* A secret's file: only its owner may read it; one line, its end cut off. What systemd hands to a
   unit (in $CREDENTIALS_DIRECTORY) may show the unit's user as a group, which may read. */
MUST_USE char *file_read_secret(const char *name, char error[FILE_ERROR_BYTES]);

/* Puts `text` in the place of the file, whole or not at all, on disk when it returns; only its
   owner may read it. False: see `error`; what was there is there still. */
MUST_USE bool file_replace(const char *name, const char *text, size_t bytes,
                           char error[FILE_ERROR_BYTES]);

/* `name`; a relative one is meant from the folder of `other` (NULL: the working folder). To be
   freed. */
char *file_beside(const char *other, const char *name);
/* `folder`/`name`. To be freed. */
char *file_in(const char *folder, const char *name);

#endif
