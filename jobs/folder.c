#include "jobs/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILES_OPEN_MAX 16

char *folder_make(const char *base, const char *name)
{
    char *pattern;
    CHECK(asprintf(&pattern, "%s/%s.XXXXXX", base, name) > 0);
    if (mkdtemp(pattern) != NULL)
        return pattern;
    free(pattern);
    return NULL;
}

const char *folder_base(void)
{
    const char *base = getenv("TMPDIR");
    return base != NULL && base[0] == '/' ? base : "/tmp";
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

void folder_remove(const char *folder)
{
    (void)nftw(folder, remove_one, FILES_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
}
