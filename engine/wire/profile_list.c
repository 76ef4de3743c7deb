/* The bank's own list of its transfers: which there are, their pages, and what an item says. */
#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "wire/profile_form.h"

/* ---- which there are ---- */

uint32_t profile_list_count(const struct profile *profile)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < profile->transfer_count; i++)
        count += profile->transfers[i].has_listing;
    return count;
}

bool profile_lists_all(const struct profile *profile)
{
    return profile_list_count(profile) == profile->transfer_count;
}

static const struct transfer_call *find_call(const struct profile *profile, uint32_t list_index)
{
    uint32_t at = 0;
    CHECK(list_index < profile_list_count(profile));
    while (!profile->transfers[at].has_listing || list_index-- > 0)
        at++;
    return &profile->transfers[at];
}

const struct listing *profile_listing(const struct profile *profile, uint32_t list_index)
{
    return &find_call(profile, list_index)->listing;
}

/* ---- keys ---- */

/* Of a lower-case digit; 16: it is none. */
static uint8_t digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    return c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) : 16;
}

static bool is_hyphen_place(const struct profile *profile, size_t at)
{
    return profile->key_form == KEY_UUID && (at == 8 || at == 13 || at == 18 || at == 23);
}

bool profile_read_key(const struct profile *profile, const char *text, size_t text_bytes,
                      struct idem_key *key)
{
    uint32_t digits = 0;
    *key = (struct idem_key){{0}};
    if (text_bytes != (profile->key_form == KEY_UUID ? KEY_TEXT_MAX : profile->key_digits))
        return false;
    for (size_t i = 0; i < text_bytes; i++) {
        uint8_t digit = digit_of(text[i]);
        if (is_hyphen_place(profile, i) ? text[i] != '-' : digit > 15)
            return false;
        if (is_hyphen_place(profile, i))
            continue;
        key->bytes[digits / 2] |= (uint8_t)(digits % 2 == 0 ? digit << 4 : digit);
        digits++;
    }
    return true;
}

void profile_cut_key(const struct profile *profile, struct idem_key *key)
{
    for (uint32_t digit = profile->key_digits; digit < 2 * IDEM_KEY_BYTES; digit++)
        key->bytes[digit / 2] &= digit % 2 == 0 ? 0x0f : 0xf0;
}

/* ---- pages ---- */

static void tell(struct list_page *page, enum list_result result, const char *code)
{
    page->result = result;
    text_clean(page->code, sizeof(page->code), code, strlen(code));
}

/* An answer that is no page: the rows of inquiries say what it means. */
static void read_refusal(const struct profile *profile, const struct json_node *root,
                         uint16_t http_status, struct list_page *page)
{
    struct said code = profile_find_text(root, &profile->error.code);
    struct said bank_code = profile_find_text(root, &profile->error.bank_code);
    struct said told = bank_code.bytes > 0 ? bank_code : code;
    const struct outcome_row *row = profile_find_row(profile, CALL_INQUIRY, http_status, false,
                                                     (struct said){0}, code, bank_code);
    tell(page, row != NULL && row->throttled ? LIST_THROTTLED : LIST_REFUSED, "refused");
    if (told.bytes > 0)
        profile_keep_text(profile, page->code, sizeof(page->code), told);
}

/* Null, or where it may be so absent: the last one. NULL, or what is wrong. */
static const char *read_next(const struct listing *listing, const struct json_node *root,
                             struct list_page *page)
{
    const struct json_node *next = profile_find(root, &listing->next);
    if (next == NULL && !listing->next.optional)
        return "no_next";
    if (next == NULL || next->kind == JSON_KIND_NULL)
        return NULL;
    struct said said = profile_find_text(root, &listing->next);
    if (said.bytes == 0 || said.bytes > LIST_CURSOR_MAX || !text_is_clean(said.text, said.bytes))
        return "bad_next";
    memcpy(page->next, said.text, said.bytes);
    return NULL;
}

void profile_read_page(const struct profile *profile, struct profile_scratch *scratch,
                       uint32_t list_index, uint16_t http_status, int64_t retry_after_s,
                       const char *body, size_t body_bytes, struct list_page *page)
{
    const struct listing *listing = profile_listing(profile, list_index);
    const struct json_node *root = profile_scratch_parse(scratch, body, body_bytes);
    *page = (struct list_page){.list_index = list_index};
    page->retry_after_ns = profile_retry_after_ns(profile, root, retry_after_s);
    if (http_status != 200) {
        read_refusal(profile, root, http_status, page);
        return;
    }
    const struct json_node *items = profile_find(root, &listing->items);
    if (items == NULL || items->kind != JSON_KIND_LIST) {
        tell(page, LIST_BAD, root == NULL ? "unparsed" : "no_items");
        return;
    }
    const char *wrong = read_next(listing, root, page);
    if (wrong != NULL) {
        tell(page, LIST_BAD, wrong);
        return;
    }
    page->items = items;
    page->item_count = items->count;
}

/* ---- items ---- */

/* Cut and cleaned; false: not a text, or an empty one. */
static bool keep_echo(const struct profile *profile, const struct form *form,
                      const struct json_node *object, enum field field, char out[LIST_TEXT_MAX + 1])
{
    struct said said = profile_find_text(object, &profile_echo(form, field)->path);
    out[0] = 0;
    if (said.bytes == 0)
        return false;
    profile_keep_text(profile, out, LIST_TEXT_MAX + 1, said);
    return true;
}

static void read_names(const struct profile *profile, const struct form *form,
                       const struct json_node *object, struct list_item *item)
{
    struct said key = profile_find_text(object, &profile_echo(form, FIELD_KEY)->path);
    struct said reference = profile_find_text(object, &form->reference);
    item->has_key = key.bytes > 0 && profile_read_key(profile, key.text, key.bytes, &item->key);
    if (key.bytes > 0)
        profile_keep_text(profile, item->key_text, sizeof(item->key_text), key);
    if (reference.bytes > 0)
        profile_keep_text(profile, item->reference, sizeof(item->reference), reference);
}

/* What the table says of such a transfer when it is asked for. */
static bool read_state(const struct profile *profile, const struct form *form,
                       const struct json_node *object, struct list_item *item)
{
    struct said state = profile_find_text(object, &form->state);
    const struct outcome_row *row = profile_find_row(profile, CALL_INQUIRY, 200, false, state,
                                                     profile_find_text(object, &form->code),
                                                     profile_find_text(object, &form->bank_code));
    if (state.bytes > 0)
        profile_keep_text(profile, item->state, sizeof(item->state), state);
    if (row == NULL || row->answer == ANSWER_IN_DOUBT || row->answer == ANSWER_NOT_DONE)
        return false;
    item->answer = (enum answer)row->answer;
    return true;
}

const char *profile_read_item(const struct profile *profile, const struct list_page *page,
                              uint32_t index, struct list_item *item)
{
    const struct form *form = &find_call(profile, page->list_index)->answer;
    CHECK(index < page->item_count);
    const struct json_node *object = json_item(page->items, index);
    *item = (struct list_item){0};
    if (object->kind != JSON_KIND_OBJECT)
        return "an item is no object";
    read_names(profile, form, object, item);
    if (item->key_text[0] == 0 && item->reference[0] == 0)
        return "an item has neither key nor reference";
    if (!keep_echo(profile, form, object, FIELD_FROM, item->from) ||
        !keep_echo(profile, form, object, FIELD_TO, item->to))
        return "an item does not tell its accounts";
    if (!keep_echo(profile, form, object, FIELD_CURRENCY, item->currency))
        return "an item does not tell its currency";
    if (!profile_read_amount(profile, profile_find(object, &profile_echo(form, FIELD_AMOUNT)->path),
                             &item->amount_minor) ||
        item->amount_minor < 0)
        return "an item's amount is none";
    if (!read_state(profile, form, object, item))
        return "an item's state is not in the table";
    return NULL;
}
