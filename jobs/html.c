#include "jobs/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define ROOM_FIRST 4096
#define REPLACEMENT "\xef\xbf\xbd"

void html_init(struct html *html)
{
    html->room = ROOM_FIRST;
    html->used = 0;
    html->bytes = calloc(html->room, 1);
    CHECK(html->bytes != NULL);
}

void html_deinit(struct html *html)
{
    free(html->bytes);
    *html = (struct html){0};
}

static void make_room(struct html *html, size_t bytes)
{
    while (html->used + bytes + 1 > html->room) {
        html->room *= 2;
        html->bytes = realloc(html->bytes, html->room);
        CHECK(html->bytes != NULL);
    }
}

static void append(struct html *html, const char *bytes, size_t count)
{
    make_room(html, count);
    memcpy(html->bytes + html->used, bytes, count);
    html->used += count;
    html->bytes[html->used] = '\0';
}

void html_raw(struct html *html, const char *markup)
{
    append(html, markup, strlen(markup));
}

void html_format(struct html *html, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int count = vsnprintf(NULL, 0, format, arguments);
    CHECK(count >= 0);
    make_room(html, (size_t)count);
    vsnprintf(html->bytes + html->used, (size_t)count + 1, format, again);
    html->used += (size_t)count;
    va_end(again);
    va_end(arguments);
}

/* Bytes of the UTF-8 character that begins there, 0: none does. */
static size_t character_bytes(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t count = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < count; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if (count == 3 && ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)))
        return 0;
    if (count == 4 && ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)))
        return 0;
    return count;
}

static const char *escape_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct html *html, const char *text)
{
    while (*text != '\0') {
        size_t count = character_bytes(text);
        const char *escape = escape_of(*text);
        bool is_control = ((uint8_t)*text < 0x20 && *text != '\n') || *text == 0x7f ||
                          ((uint8_t)text[0] == 0xc2 && (uint8_t)text[1] < 0xa0);
        if (escape != NULL)
            html_raw(html, escape);
        else if (count == 0 || is_control)
            html_raw(html, REPLACEMENT);
        else
            append(html, text, count);
        text += count == 0 ? 1 : count;
    }
}

void html_element(struct html *html, const char *tag, const char *text)
{
    html_raw(html, "<");
    html_raw(html, tag);
    html_raw(html, ">");
    html_text(html, text);
    html_raw(html, "</");
    append(html, tag, strcspn(tag, " "));
    html_raw(html, ">");
}
