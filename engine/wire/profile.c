#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/money.h"
#include "wire/profile_form.h"

const char *const profile_field_names[] = {
#define X(name, word) [FIELD_##name] = #word,
    FIELD_TABLE(X)
#undef X
        [FIELD_NONE] = NULL,
};

const char *const profile_step_names[] = {"collect",      "hold",      "payout",
                                          "undo_collect", "undo_hold", NULL};

void profile_close(struct profile *profile)
{
    if (profile == NULL)
        return;
    free(profile->text);
    // The site's token lies in it.
    explicit_bzero(profile, sizeof(*profile));
    free(profile);
}

const struct bank_rules *profile_rules(const struct profile *profile)
{
    return &profile->rules;
}

struct digest profile_digest(const struct profile *profile)
{
    return profile->digest;
}

const char *profile_text(const struct profile *profile, size_t *text_bytes)
{
    *text_bytes = profile->text_bytes;
    return profile->text;
}

void profile_step(uint32_t index, enum step_kind *step, enum transfer_kind *kind)
{
    static const enum step_kind steps[PROFILE_STEP_COUNT] = {STEP_COLLECT, STEP_HOLD, STEP_PAYOUT,
                                                             STEP_COLLECT, STEP_HOLD};
    CHECK(index < PROFILE_STEP_COUNT);
    *step = steps[index];
    *kind = index < 3 ? TRANSFER_NORMAL : TRANSFER_UNDO;
}

const struct transfer_call *profile_transfer(const struct profile *profile,
                                             const struct transfer_order *order)
{
    CHECK(order->step <= STEP_CLOSING && order->kind <= TRANSFER_UNDO);
    return profile->by_step[order->step][order->kind];
}

const struct echo *profile_echo(const struct form *form, enum field field)
{
    for (uint32_t i = 0; i < form->echo_count; i++)
        if (form->echoes[i].field == field)
            return &form->echoes[i];
    return NULL;
}

static void set(struct field_values *values, enum field field, const char *text, size_t bytes)
{
    values->text[field] = text;
    values->bytes[field] = bytes;
}

static void set_text(struct field_values *values, enum field field, const char *text)
{
    set(values, field, text, strlen(text));
}

static void set_key(const struct profile *profile, const struct idem_key *key,
                    struct field_values *values)
{
    char hex[2 * IDEM_KEY_BYTES + 1];
    hex_write(hex, key->bytes, IDEM_KEY_BYTES);
    // W3C trace context: the key is the trace, its first half the span.
    memcpy(values->traceparent, "00-", 3);
    memcpy(values->traceparent + 3, hex, 32);
    values->traceparent[35] = '-';
    memcpy(values->traceparent + 36, hex, 16);
    memcpy(values->traceparent + 52, "-01", 3);
    set(values, FIELD_TRACEPARENT, values->traceparent, 55);
    if (profile->key_form == KEY_HEX) {
        memcpy(values->key, hex, sizeof(hex));
        set(values, FIELD_KEY, values->key, profile->key_digits);
        return;
    }
    static const uint8_t groups[] = {8, 4, 4, 4, 12};
    char *out = values->key;
    const char *from = hex;
    for (size_t i = 0; i < sizeof(groups); i++) {
        if (i > 0)
            *out++ = '-';
        memcpy(out, from, groups[i]);
        out += groups[i];
        from += groups[i];
    }
    set(values, FIELD_KEY, values->key, KEY_TEXT_MAX);
}

static void set_amount(int64_t amount_minor, struct field_values *values)
{
    CHECK(amount_minor > 0 && amount_minor <= MONEY_MAX);
    size_t at = sizeof(values->amount);
    for (int64_t left = amount_minor; left > 0; left /= 10)
        values->amount[--at] = (char)('0' + left % 10);
    values->amount_minor = amount_minor;
    set(values, FIELD_AMOUNT, values->amount + at, sizeof(values->amount) - at);
}

/* Who pays whom; an undo goes the other way. */
static void set_direction(const struct profile *profile, const struct transfer_order *order,
                          const struct parties *parties, struct field_values *values)
{
    const char *other = order->step == STEP_COLLECT ? profile->collection_account
                        : order->step == STEP_HOLD  ? profile->suspense_account
                                                    : parties->payout_account;
    bool is_undo = order->kind == TRANSFER_UNDO;
    // A share of a pool is no account that could pay: the pool's is.
    const char *own =
        profile->rules.pool == POOL_NONE ? parties->virtual_account : profile->pool_account;
    set_text(values, is_undo ? FIELD_TO : FIELD_FROM, own);
    set_text(values, is_undo ? FIELD_FROM : FIELD_TO, other);
}

static const char *step_name(const struct transfer_order *order)
{
    uint32_t index = order->step - (uint32_t)STEP_COLLECT;
    return profile_step_names[order->kind == TRANSFER_UNDO ? index + 3 : index];
}

void profile_values(const struct profile *profile, const struct transfer_order *order,
                    const struct parties *parties, struct field_values *values)
{
    set_text(values, FIELD_VIRTUAL_ACCOUNT, parties->virtual_account);
    set(values, FIELD_CURRENCY, profile->currency, 3);
    if (order == NULL)
        return;
    set_direction(profile, order, parties, values);
    set_text(values, FIELD_PAYOUT_BANK, parties->payout_bank);
    set_text(values, FIELD_HOLDER_NAME, parties->holder_name);
    set_key(profile, &order->key, values);
    set_amount(order->amount_minor, values);
    set_text(values, FIELD_STEP, step_name(order));
}
