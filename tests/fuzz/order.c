/* The body of a transfer, as the mock bank reads it: it takes nothing that jansson refuses. */
#include <jansson.h>

#include "base/money.h"
#include "fuzz.h"
#include "mock/request.h"

static void check_order(enum mock_transfer_kind kind, const uint8_t *bytes, size_t byte_count)
{
    struct request_order order;
    const char *wrong = request_order_read(&order, kind, (const char *)bytes, byte_count);
    if (wrong != NULL) {
        FUZZ_HOLDS(wrong[0] != 0);
        return;
    }
    json_t *root = json_loadb((const char *)bytes, byte_count, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_HOLDS(root != NULL);
    FUZZ_HOLDS(json_integer_value(json_object_get(root, "amount")) == order.amount_minor);
    FUZZ_HOLDS(order.amount_minor > 0 && order.amount_minor <= AMOUNT_MAX);
    FUZZ_HOLDS(strcmp(json_string_value(json_object_get(root, "account_id")), order.from) == 0);
    FUZZ_HOLDS(strcmp(json_string_value(json_object_get(root, "currency")), order.currency) == 0);
    const json_t *to = kind == MOCK_PAYOUT
                           ? json_object_get(json_object_get(root, "destination"), "account_number")
                           : json_object_get(root, "destination_account_id");
    FUZZ_HOLDS(strcmp(json_string_value(to), order.to) == 0);
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    check_order(MOCK_ACCOUNT_TRANSFER, bytes, byte_count);
    check_order(MOCK_PAYOUT, bytes, byte_count);
    return 0;
}
