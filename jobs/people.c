#include "jobs/people.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

const char *people_operator(void)
{
    static char name[64];
    const struct passwd *entry = getpwuid(geteuid());
    if (entry != NULL)
        text_clean(name, sizeof name, entry->pw_name, strlen(entry->pw_name));
    else
        snprintf(name, sizeof name, "uid %u", (unsigned)geteuid());
    return name;
}

const char *people_host(void)
{
    static char name[128];
    char raw[128] = "unknown";
    gethostname(raw, sizeof raw - 1);
    text_clean(name, sizeof name, raw, strlen(raw));
    return name;
}
