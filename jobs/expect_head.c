#include "jobs/expect_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

/* Digits up to `end`, without sign, blank or surplus zero. NULL: something else, or above `most`.
 */
static const char *take_number(const char *text, char end, uint64_t most, uint32_t *value)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && number <= most; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    if (at == text || *at != end || number > most || (text[0] == '0' && at > text + 1))
        return NULL;
    *value = (uint32_t)number;
    return at + 1;
}

bool expect_head_parse(const char *text, struct expect_head *head)
{
    static const struct digest nothing;
    struct expect_head read;
    const char *at = take_number(text, ':', PARTITIONS_MAX - 1, &read.partition);
    if (at != NULL)
        at = take_number(at, ':', UINT32_MAX, &read.chunk);
    if (at == NULL || strlen(at) != 2 * DIGEST_BYTES ||
        !hex_read(read.hash.bytes, DIGEST_BYTES, at))
        return false;
    if (read.chunk == 0 && memcmp(&read.hash, &nothing, sizeof nothing) != 0)
        return false;
    *head = read;
    return true;
}

void expect_head_write(const struct expect_head *head, char out[EXPECT_HEAD_BYTES])
{
    int used =
        snprintf(out, EXPECT_HEAD_BYTES, "%" PRIu32 ":%" PRIu32 ":", head->partition, head->chunk);
    CHECK(used > 0 && (size_t)used + 2 * DIGEST_BYTES < EXPECT_HEAD_BYTES);
    hex_write(out + used, head->hash.bytes, DIGEST_BYTES);
}
