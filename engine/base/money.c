#include "base/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t money_add(int64_t a_minor, int64_t b_minor)
{
    int64_t sum;
    CHECK(!__builtin_add_overflow(a_minor, b_minor, &sum));
    CHECK(sum >= -MONEY_MAX && sum <= MONEY_MAX);
    return sum;
}

int64_t money_sub(int64_t a_minor, int64_t b_minor)
{
    int64_t difference;
    CHECK(!__builtin_sub_overflow(a_minor, b_minor, &difference));
    CHECK(difference >= -MONEY_MAX && difference <= MONEY_MAX);
    return difference;
}

bool money_parse(const char *text, size_t text_bytes, int64_t *amount_minor)
{
    if (text_bytes < 1 || text_bytes > 18)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < text_bytes; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    if (value > AMOUNT_MAX)
        return false;
    *amount_minor = value;
    return true;
}

const char *money_format(int64_t amount_minor, char buffer[MONEY_TEXT_BYTES])
{
    char digits[MONEY_TEXT_BYTES];
    uint64_t magnitude = amount_minor < 0 ? 0 - (uint64_t)amount_minor : (uint64_t)amount_minor;
    int count = snprintf(digits, sizeof(digits), "%" PRIu64, magnitude);
    char *out = buffer;
    if (amount_minor < 0)
        *out++ = '-';
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = 0;
    return buffer;
}

int money_exponent(const char *currency)
{
    static const struct {
        const char *code;
        int exponent;
    } known[] = {
        {"KRW", 0}, {"JPY", 0}, {"VND", 0}, {"USD", 2}, {"EUR", 2}, {"GBP", 2},
        {"CHF", 2}, {"SGD", 2}, {"AUD", 2}, {"CAD", 2}, {"PLN", 2}, {"SEK", 2},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(currency, known[i].code) == 0)
            return known[i].exponent;
    return -1;
}
