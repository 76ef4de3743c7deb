/*
 * html: a growing text of HTML and SVG, in which what comes from outside is always escaped.
 *
 * Markup is written by html_raw and html_format, text by html_text: a value that this program did
 * not make itself goes through html_text and nothing else. Numbers in attributes are written with a
 * point, whatever the locale.
 *
 * Ownership  a value that owns its bytes: html_deinit frees them.
 * Errors     none; without memory it aborts.
 */
#ifndef DAYBOOK_JOBS_HTML_H
#define DAYBOOK_JOBS_HTML_H

#include <stddef.h>

struct html {
    char *bytes; /* NUL behind them */
    size_t used, room;
};

void html_init(struct html *html);
void html_deinit(struct html *html);

/* Markup as it is. */
void html_raw(struct html *html, const char *markup);
/* Markup made of a format of ours, of numbers and of words of ours. */
void html_format(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Any text, for contents and for quoted attributes: & < > " ' escaped; a control byte, and what is
   not UTF-8, becomes U+FFFD; a line break stays. */
void html_text(struct html *html, const char *text);
/* <tag>text</tag>; `tag` may have attributes. */
void html_element(struct html *html, const char *tag, const char *text);

#endif
