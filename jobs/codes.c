#include "jobs/codes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "jobs/codes_words.h"
#include "jobs/failures.h"

static const struct code_page error_pages[] = {
#define X(name, number, what, why, next)                                                           \
    {CODE_ERROR, (number) < 1000 ? "E0" #number : "E" #number, what, why, next, CODE_STEP_NONE},
    FAILURE_TABLE(X)
#undef X
};

#define ERROR_PAGES (sizeof error_pages / sizeof error_pages[0])

const struct code_page *codes_at(size_t index)
{
    if (index < codes_word_count)
        return &codes_words[index];
    index -= codes_word_count;
    return index < ERROR_PAGES ? &error_pages[index] : NULL;
}

const struct code_page *codes_find_kind(enum code_kind kind, const char *code)
{
    const struct code_page *page;
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++) {
        if (page->kind == kind && strcasecmp(page->code, code) == 0)
            return page;
    }
    return NULL;
}

/* "E6501", "e0301" or "6501" to 6501; -1: no number of at most four digits. */
static long number_of(const char *word)
{
    char *end;
    if (*word == 'E' || *word == 'e')
        word++;
    if (*word < '0' || *word > '9' || strlen(word) > 4)
        return -1;
    long number = strtol(word, &end, 10);
    return *end == '\0' ? number : -1;
}

/* An error without a number of its own has that of its exit code: E6500. */
static const struct code_page *find_number(long number)
{
    char text[24];
    for (size_t i = 0; i < ERROR_PAGES; i++) {
        if (number_of(error_pages[i].code) == number)
            return &error_pages[i];
    }
    if (number >= 100 && number % 100 != 0)
        return NULL;
    snprintf(text, sizeof text, "%ld", number < 100 ? number : number / 100);
    return codes_find_kind(CODE_EXIT, text);
}

const struct code_page *codes_find(const char *word)
{
    const struct code_page *page;
    long number = number_of(word);
    if (number >= 0)
        return find_number(number);
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++) {
        if (strcasecmp(page->code, word) == 0)
            return page;
    }
    return NULL;
}

const char *codes_reason(const char *code)
{
    const struct code_page *page = codes_find_kind(CODE_PARK, code);
    return page != NULL ? page->what : "the bank refused, with this code of its own";
}

/* Besides codes of its own, a request is refused with those of parks that nobody can lift. */
static const struct code_page *find_decision(const char *code)
{
    const struct code_page *page = codes_find_kind(CODE_DECISION, code);
    return page != NULL ? page : codes_find_kind(CODE_PARK, code);
}

const char *codes_decision_reason(const char *code)
{
    const struct code_page *page = find_decision(code);
    return page != NULL ? page->what : "";
}

const char *codes_decision_hint(const char *code)
{
    const struct code_page *page = find_decision(code);
    return page != NULL && page->next[0] != '\0' ? page->next : NULL;
}

const char *codes_exit_meaning(int exit_code)
{
    char text[16];
    snprintf(text, sizeof text, "%d", exit_code);
    const struct code_page *page = codes_find_kind(CODE_EXIT, text);
    return page != NULL ? page->what : "not an exit code of daybook: ended from outside";
}

const char *codes_kind_name(enum code_kind kind)
{
    switch (kind) {
    case CODE_PARK:
        return "parked";
    case CODE_STATE:
        return "state";
    case CODE_DECISION:
        return "request";
    case CODE_OUTCOME:
        return "bank call";
    case CODE_EXIT:
        return "exit code";
    case CODE_ERROR:
        return "error";
    }
    CHECK(false);
    return "";
}
