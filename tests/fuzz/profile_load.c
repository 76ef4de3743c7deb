/*
 * A bank's profile. Refused with a place and a reason; or taken, and then each of its requests is
 * one request of HTTP, and no answer that says nothing is definitive.
 */
#include <llhttp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "unit/wire/rest.h"

#define SCRATCH_BYTES 16384

static const char file[] = "/dev/fd/99";

static void write_file(const uint8_t *bytes, size_t byte_count)
{
    static int fd = -1;
    if (fd < 0) {
        int memory = memfd_create("profile", 0);
        CHECK(memory >= 0);
        fd = dup2(memory, 99);
        CHECK(fd == 99 && close(memory) == 0);
    }
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, bytes, byte_count, 0) == (ssize_t)byte_count);
}

static int on_whole(llhttp_t *parser)
{
    ++*(int *)parser->data;
    return 0;
}

static void check_request(const struct profile *profile, enum call_kind call_kind,
                          const struct transfer_order *order)
{
    static const llhttp_settings_t settings = {.on_message_complete = on_whole};
    char out[REQUEST_BYTES_MAX];
    llhttp_t parser;
    int whole = 0;
    struct rendered rendered = profile_render(profile, call_kind, order, &rest_parties, out);
    FUZZ_HOLDS(rendered.bytes <= REQUEST_BYTES_MAX && rendered.body_at <= rendered.bytes);
    if (rendered.bytes == 0)
        return;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &whole;
    FUZZ_HOLDS(llhttp_execute(&parser, out, rendered.bytes) == HPE_OK);
    FUZZ_HOLDS(whole == 1);
}

static void check_empty_answers(const struct profile *profile, struct profile_scratch *scratch,
                                enum call_kind call_kind, const struct transfer_order *order)
{
    static const char *const bodies[] = {"", "{}", "[]", "null", "<html>"};
    static const uint16_t statuses[] = {200, 202, 204, 302, 400, 404, 409, 422, 500, 503};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        for (size_t j = 0; j < sizeof(statuses) / sizeof(statuses[0]); j++) {
            struct bank_answer answer;
            profile_read(profile, scratch, call_kind, order, &rest_parties, statuses[j], -1,
                         bodies[i], strlen(bodies[i]), &answer);
            FUZZ_HOLDS(answer.answer == ANSWER_IN_DOUBT || answer.answer == ANSWER_NOT_DONE ||
                       answer.answer == ANSWER_NOT_FOUND);
        }
}

static void check_profile(const struct profile *profile)
{
    struct profile_scratch *scratch = profile_scratch_open(SCRATCH_BYTES);
    check_request(profile, CALL_BALANCE, NULL);
    check_empty_answers(profile, scratch, CALL_BALANCE, NULL);
    for (enum step_kind step = STEP_COLLECT; step <= STEP_PAYOUT; step++) {
        const struct transfer_order order = rest_order(step, 700);
        char out[REQUEST_BYTES_MAX];
        if (profile_render(profile, CALL_TRANSFER, &order, &rest_parties, out).bytes == 0)
            continue;
        check_request(profile, CALL_TRANSFER, &order);
        check_request(profile, CALL_INQUIRY, &order);
        check_empty_answers(profile, scratch, CALL_TRANSFER, &order);
        check_empty_answers(profile, scratch, CALL_INQUIRY, &order);
    }
    profile_scratch_close(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    char error[PROFILE_ERROR_BYTES] = "";
    write_file(bytes, byte_count);
    struct profile *profile = profile_load(file, &rest_site, error);
    if (profile != NULL) {
        check_profile(profile);
        profile_close(profile);
        return 0;
    }
    FUZZ_HOLDS(memchr(error, 0, sizeof(error)) != NULL);
    FUZZ_HOLDS(strncmp(error, file, sizeof(file) - 1) == 0);
    FUZZ_HOLDS(text_is_clean(error, strlen(error)));
    return 0;
}
