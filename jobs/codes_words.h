/*
 * codes_words: the pages of all codes that are no error numbers. For codes.c alone.
 */
#ifndef DAYBOOK_JOBS_CODES_WORDS_H
#define DAYBOOK_JOBS_CODES_WORDS_H

#include "jobs/codes.h"

extern const struct code_page codes_words[];
extern const size_t codes_word_count;

#endif
