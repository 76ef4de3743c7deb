/*
 * rest: the shipped profile and one person's orders, for the tests of profiles.
 */
#ifndef DAYBOOK_TESTS_WIRE_REST_H
#define DAYBOOK_TESTS_WIRE_REST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/profile.h"

#define REST_FILE DAYBOOK_SOURCE_DIR "/ops/banks/rest-idempotency-key.yaml"
#define REST_KEY "000102030405060708090a0b0c0d0eff"

static const struct profile_site rest_site = {
    .host = "bank.example:8080",
    .path_prefix = "/v1",
    .token = "s3cret",
    .collection_account = "COLLECT-1",
    .suspense_account = "SUSPENSE-1",
    .currency = "KRW",
};

static const struct parties rest_parties = {
    .virtual_account = "VA-0001",
    .payout_bank = "KB",
    .payout_account = "111-222-333",
    .holder_name = "김하나",
};

static inline struct profile *rest_open_file(const char *file)
{
    char error[PROFILE_ERROR_BYTES];
    struct profile *profile = profile_load(file, &rest_site, error);
    if (profile == NULL) {
        fprintf(stderr, "%s\n", error);
        abort();
    }
    return profile;
}

static inline struct profile *rest_open(void)
{
    return rest_open_file(REST_FILE);
}

static inline struct transfer_order rest_order(enum step_kind step, int64_t amount_minor)
{
    struct transfer_order order = {
        .settlement_id = UINT64_C(1) << 32 | 1,
        .key = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}},
        .amount_minor = amount_minor,
        .step = (uint8_t)step,
        .kind = TRANSFER_NORMAL,
        .generation = 1,
    };
    return order;
}

/* The whole of a file, NUL behind it; to be freed. */
static inline char *rest_text(void)
{
    char *text = calloc(1, 65536);
    FILE *stream = fopen(REST_FILE, "r");
    if (text == NULL || stream == NULL || fread(text, 1, 65535, stream) == 0)
        abort();
    fclose(stream);
    return text;
}

/* The shipped profile with the first `from` replaced, in a file of its own. */
static inline void rest_write(char file[64], const char *from, const char *to)
{
    char *text = rest_text();
    char *at = strstr(text, from);
    snprintf(file, 64, "/tmp/daybook-profile-XXXXXX");
    int fd = mkstemp(file);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (at == NULL || stream == NULL) {
        fprintf(stderr, "the shipped profile has no `%s`\n", from);
        abort();
    }
    fprintf(stream, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(stream);
    free(text);
}

#endif
