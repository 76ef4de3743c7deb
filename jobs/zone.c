#include "jobs/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/time.h"

#define NAME_BYTES_MAX 64
#define HOUR_MINUTES 60

/* libc takes an unknown name for UTC, without a word. */
static bool is_known(const char *name)
{
    char file[512];
    struct stat about;
    const char *folder = getenv("TZDIR");
    if (strcmp(name, "UTC") == 0)
        return true;
    if (name[0] == '\0' || name[0] == '/' || strstr(name, "..") != NULL ||
        strlen(name) > NAME_BYTES_MAX)
        return false;
    int bytes =
        snprintf(file, sizeof file, "%s/%s",
                 folder != NULL && folder[0] != '\0' ? folder : "/usr/share/zoneinfo", name);
    return bytes < (int)sizeof file && stat(file, &about) == 0 && S_ISREG(about.st_mode);
}

bool zone_use(const char *name)
{
    char zone[NAME_BYTES_MAX + 2];
    bool known = is_known(name);
    snprintf(zone, sizeof zone, ":%s", known ? name : "UTC");
    CHECK(setenv("TZ", zone, 1) == 0);
    tzset();
    return known;
}

static struct tm parts_of(int64_t at_us)
{
    struct tm parts;
    time_t at = (time_t)(at_us / (int64_t)US_PER_S);
    CHECK(localtime_r(&at, &parts) != NULL);
    return parts;
}

int64_t zone_next(int64_t after_us, int64_t minutes)
{
    int64_t at_us = after_us;
    for (int days = 0; at_us <= after_us; days++) {
        CHECK(days < 3);
        struct tm parts = parts_of(after_us);
        parts.tm_mday += days;
        parts.tm_hour = (int)(minutes / HOUR_MINUTES);
        parts.tm_min = (int)(minutes % HOUR_MINUTES);
        parts.tm_sec = 0;
        parts.tm_isdst = -1;
        at_us = (int64_t)mktime(&parts) * (int64_t)US_PER_S;
    }
    return at_us;
}

const char *zone_time(int64_t at_us, int64_t today_us, char out[ZONE_TEXT_BYTES])
{
    struct tm parts = parts_of(at_us), today = parts_of(today_us);
    bool is_today = parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday;
    strftime(out, ZONE_TEXT_BYTES, is_today ? "%H:%M" : "%H:%M on %Y-%m-%d", &parts);
    return out;
}
