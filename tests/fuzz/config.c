/* A configuration file: taken whole, or refused with clean lines that say where. */
#include "jobs/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    char *environment[] = {NULL};
    const char *const sets[] = {NULL};
    const struct config_sources sources = {.file = "d.yaml",
                                           .text = (const char *)bytes,
                                           .text_bytes = byte_count,
                                           .environment = environment,
                                           .sets = sets};
    struct config *config = calloc(1, sizeof(*config));
    char *said;
    size_t said_bytes;
    FILE *errors = open_memstream(&said, &said_bytes);
    CHECK(config != NULL && errors != NULL);
    bool good = config_load(config, &sources, errors);
    fclose(errors);
    if (good)
        FUZZ_HOLDS(said_bytes == 0 && config->bank_count <= BANKS_MAX);
    else
        fuzz_check_message(said, said_bytes);
    for (uint32_t i = 0; good && i < config->bank_count; i++)
        FUZZ_HOLDS(config->banks[i].url != NULL && config->banks[i].port != 0);
    config_close(config);
    free(said);
    return 0;
}
