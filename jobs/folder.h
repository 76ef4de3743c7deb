/*
 * folder: a work folder that is gone afterwards.
 */
#ifndef DAYBOOK_JOBS_FOLDER_H
#define DAYBOOK_JOBS_FOLDER_H

#include "base/check.h"

/* A new one, of mode 0700, below `base`; to be freed. NULL: errno says why. */
MUST_USE char *folder_make(const char *base, const char *name);
/* TMPDIR where it is an absolute path, else /tmp. */
const char *folder_base(void);
/* With all that is in it; links are not followed. What cannot be removed stays. */
void folder_remove(const char *folder);

#endif
