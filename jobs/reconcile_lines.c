#include "jobs/reconcile_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define POOL_MAX (UINT32_MAX / 2)

void lines_init(struct bank_lines *lines)
{
    *lines = (struct bank_lines){.pool_bytes = 1, .pool_capacity = 4096};
    lines->pool = malloc(lines->pool_capacity);
    CHECK(lines->pool != NULL);
    lines->pool[0] = 0; // the empty text
}

void lines_free(struct bank_lines *lines)
{
    free(lines->lines);
    free(lines->slots);
    free(lines->pool);
    *lines = (struct bank_lines){0};
}

const char *lines_text(const struct bank_lines *lines, uint32_t text)
{
    CHECK(text < lines->pool_bytes);
    return lines->pool + text;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint64_t text_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != 0; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return mix(hash);
}

static uint64_t key_hash(const struct idem_key *key)
{
    uint64_t halves[2];
    memcpy(halves, key->bytes, sizeof halves);
    return mix(halves[0] ^ mix(halves[1]));
}

/* One that stood here lately is not kept again: collection accounts, currencies, words. */
static bool keep_text(struct bank_lines *lines, const char *text, uint32_t *kept)
{
    size_t bytes = strlen(text) + 1;
    *kept = 0;
    if (bytes == 1)
        return true;
    uint32_t *recent = &lines->recent[text_hash(text) % 64];
    if (*recent != 0 && strcmp(lines->pool + *recent, text) == 0) {
        *kept = *recent;
        return true;
    }
    if (bytes > POOL_MAX - lines->pool_bytes)
        return false;
    while (bytes > lines->pool_capacity - lines->pool_bytes) {
        lines->pool_capacity += lines->pool_capacity / 2;
        lines->pool = realloc(lines->pool, lines->pool_capacity);
        CHECK(lines->pool != NULL);
    }
    *kept = *recent = lines->pool_bytes;
    memcpy(lines->pool + lines->pool_bytes, text, bytes);
    lines->pool_bytes += (uint32_t)bytes;
    return true;
}

bool lines_add(struct bank_lines *lines, const struct bank_said *said)
{
    struct bank_line line = {
        .key = said->key,
        .amount_minor = said->amount_minor,
        .record = said->record,
        .next = LINE_NONE,
        .outcome = (uint8_t)said->outcome,
        .has_key = said->has_key,
    };
    CHECK(lines->slots == NULL);
    if (lines->count == RECONCILE_LINES_MAX || !keep_text(lines, said->from, &line.from) ||
        !keep_text(lines, said->to, &line.to) ||
        !keep_text(lines, said->currency, &line.currency) ||
        !keep_text(lines, said->reference, &line.reference) ||
        !keep_text(lines, said->has_key ? "" : said->key_text, &line.key_text) ||
        !keep_text(lines, said->state, &line.state))
        return false;
    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity == 0 ? 1024 : lines->capacity + lines->capacity / 2;
        lines->lines = realloc(lines->lines, lines->capacity * sizeof lines->lines[0]);
        CHECK(lines->lines != NULL);
    }
    lines->lines[lines->count++] = line;
    return true;
}

/* ---- by name ---- */

static bool has_name(const struct bank_lines *lines, const struct bank_line *line,
                     const struct idem_key *key, const char *reference)
{
    if (key != NULL)
        return line->has_key && memcmp(line->key.bytes, key->bytes, IDEM_KEY_BYTES) == 0;
    return !line->has_key && line->key_text == 0 &&
           strcmp(lines_text(lines, line->reference), reference) == 0;
}

/* Where the name's first line is, or the free slot where it belongs. */
static uint32_t *slot_of(const struct bank_lines *lines, const struct idem_key *key,
                         const char *reference)
{
    uint64_t hash = key != NULL ? key_hash(key) : text_hash(reference);
    uint32_t at = (uint32_t)(hash >> 20) & lines->slot_mask;
    while (lines->slots[at] != LINE_NONE &&
           !has_name(lines, &lines->lines[lines->slots[at]], key, reference))
        at = (at + 1) & lines->slot_mask;
    return &lines->slots[at];
}

void lines_index(struct bank_lines *lines)
{
    uint32_t slots = 16;
    CHECK(lines->slots == NULL);
    while (slots < lines->count + lines->count / 2)
        slots *= 2;
    lines->slots = malloc(slots * sizeof lines->slots[0]);
    CHECK(lines->slots != NULL);
    memset(lines->slots, 0xff, slots * sizeof lines->slots[0]);
    lines->slot_mask = slots - 1;
    // From the end, so that the lines of a name follow in their order.
    for (uint32_t i = lines->count; i-- > 0;) {
        struct bank_line *line = &lines->lines[i];
        const char *reference = lines_text(lines, line->reference);
        // One that is told by a key which is none of ours is not one of ours by its reference.
        if (!line->has_key && (reference[0] == 0 || line->key_text != 0))
            continue;
        uint32_t *slot = slot_of(lines, line->has_key ? &line->key : NULL, reference);
        line->next = *slot;
        *slot = i;
    }
}

uint32_t lines_by_key(const struct bank_lines *lines, const struct idem_key *key)
{
    return *slot_of(lines, key, NULL);
}

uint32_t lines_by_reference(const struct bank_lines *lines, const char *reference)
{
    return reference[0] == 0 ? LINE_NONE : *slot_of(lines, NULL, reference);
}
