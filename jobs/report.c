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

const char *report_span(uint64_t duration_ns, char buffer[REPORT_DURATION_BYTES])
{
    unsigned long long s = (duration_ns + NS_PER_S / 2) / NS_PER_S;
    if (duration_ns < NS_PER_S)
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu ms",
                 (unsigned long long)(duration_ns / NS_PER_MS));
    else if (s < 60)
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu.%llu s",
                 (unsigned long long)(duration_ns / NS_PER_S),
                 (unsigned long long)(duration_ns / (NS_PER_S / 10) % 10));
    else if (s < 3600)
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu min %02llu s", s / 60, s % 60);
    else
        snprintf(buffer, REPORT_DURATION_BYTES, "%llu h %02llu min", s / 3600, s / 60 % 60);
    return buffer;
}

static bool is_time(const char *text)
{
    size_t bytes = strlen(text);
    return bytes >= 22 && bytes < REPORT_TIME_BYTES && text[10] == ' ' &&
           strcmp(text + bytes - 3, "+00") == 0;
}

const char *report_time(const char *text, char buffer[REPORT_TIME_BYTES])
{
    snprintf(buffer, REPORT_TIME_BYTES, "%s", text);
    if (is_time(text)) {
        buffer[10] = 'T';
        memcpy(buffer + strlen(text) - 3, "Z", 2);
    }
    return buffer;
}

const char *report_time_short(const char *text, char buffer[REPORT_TIME_BYTES])
{
    snprintf(buffer, REPORT_TIME_BYTES, "%.*s", is_time(text) ? 19 : REPORT_TIME_BYTES - 1, text);
    return buffer;
}

static bool is_plain(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || strchr("._-+:,/@%", byte) != NULL;
}

const char *report_word(const char *text, char buffer[REPORT_WORD_BYTES])
{
    size_t used = 0, plain = 0;
    while (text[plain] != '\0' && is_plain(text[plain]))
        plain++;
    bool is_quoted = text[plain] != '\0' || plain == 0 || text[0] == '-';
    if (is_quoted)
        buffer[used++] = '\'';
    for (; *text != '\0' && used + 6 < REPORT_WORD_BYTES; text++) {
        if (*text == '\'')
            used += (size_t)snprintf(buffer + used, REPORT_WORD_BYTES - used, "'\\''");
        else
            buffer[used++] = *text;
    }
    if (is_quoted)
        buffer[used++] = '\'';
    buffer[used] = '\0';
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
