/*
 * money: integer minor units, every operation checked.
 *
 * Amounts are int64 minor units of one currency. One amount or balance is at most AMOUNT_MAX, so
 * that the total of a million of them stays within MONEY_MAX. No double anywhere.
 */
#ifndef DAYBOOK_BASE_MONEY_H
#define DAYBOOK_BASE_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

#define MONEY_MAX INT64_C(999999999999999999)
#define AMOUNT_MAX INT64_C(1000000000000)
#define MONEY_TEXT_BYTES 32 /* room for any formatted amount, sign, separators and NUL */

/* Sum; CHECKs that it stays within ±MONEY_MAX. */
int64_t money_add(int64_t a_minor, int64_t b_minor);
int64_t money_sub(int64_t a_minor, int64_t b_minor);

/* Digits only, 1 to 18 of them, at most AMOUNT_MAX: no sign, space, exponent, fraction. */
MUST_USE bool money_parse(const char *text, size_t text_bytes, int64_t *amount_minor);

/* "1234567" as "1,234,567"; returns `buffer`. */
const char *money_format(int64_t amount_minor, char buffer[MONEY_TEXT_BYTES]);

/* Digits after the point of a currency (ISO 4217) that daybook knows (KRW 0, USD 2 …), or -1. */
int money_exponent(const char *currency);

#endif
