#include "jobs/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

const char *report_count(uint64_t count, char buffer[MONEY_TEXT_BYTES])
{
    return money_format((int64_t)count, buffer);
}

const char *report_duration(uint64_t duration_ns, char buffer[REPORT_DURATION_BYTES])
{
    if (duration_ns >= 100 * NS_PER_S)
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu s",
                 (unsigned long long)(duration_ns / NS_PER_S));
    else if (duration_ns >= NS_PER_S)
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu.%02llu s",
                 (unsigned long long)(duration_ns / NS_PER_S),
                 (unsigned long long)(duration_ns / (NS_PER_S / 100) % 100));
    else if (duration_ns >= NS_PER_MS)
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu.%01llu ms",
                 (unsigned long long)(duration_ns / NS_PER_MS),
                 (unsigned long long)(duration_ns / (NS_PER_MS / 10) % 10));
    else
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu us",
                 (unsigned long long)(duration_ns / NS_PER_US));
    return buffer;
}

bool report_is_live(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) == 1 && term != NULL && strcmp(term, "dumb") != 0;
}

bool report_is_coloured(FILE *out, int64_t when)
{
    const char *no_color = getenv("NO_COLOR");
    if (when != 0)
        return when == 1;
    return report_is_live(out) && (no_color == NULL || no_color[0] == '\0');
}

json_t *report_json_money(int64_t amount_minor)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)amount_minor);
    return json_string(text);
}

void report_json_print(json_t *document)
{
    CHECK(document != NULL);
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}
