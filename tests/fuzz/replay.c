/*
 * replay: a fuzz target as a test, without a fuzzer.
 *
 *     fuzz_NAME RUNS_MAX CORPUS      CORPUS: a folder of files, or one file
 *
 * Every file of the corpus as it is; then every prefix of it, and it with every byte changed (each
 * single bit, 0x00, 0xff), each right before a page that may not be read. Where that comes to more
 * than RUNS_MAX runs, every n-th of them, n printed; with DAYBOOK_FULL=1 all.
 */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fuzz.h"

#define FILES_MAX 1000
#define FILE_BYTES_MAX 65536U
#define PAGE_BYTES 4096U
#define CHANGES 10U /* of a byte: eight bits, 0x00, 0xff */
#define RUNS_EACH (CHANGES + 1U)

struct replay {
    uint8_t *room; /* FILE_BYTES_MAX, then the forbidden page */
    uint64_t stride;
    uint64_t runs; /* asked for */
    uint64_t done;
};

static void run(struct replay *replay, const uint8_t *bytes, size_t byte_count, size_t changed,
                uint8_t value)
{
    if (replay->runs++ % replay->stride != 0)
        return;
    uint8_t *at = replay->room + FILE_BYTES_MAX - byte_count;
    if (byte_count > 0)
        memcpy(at, bytes, byte_count);
    if (changed < byte_count)
        at[changed] = value;
    (void)LLVMFuzzerTestOneInput(at, byte_count);
    replay->done++;
}

static void run_changes(struct replay *replay, const uint8_t *bytes, size_t byte_count, size_t at)
{
    for (unsigned bit = 0; bit < 8; bit++)
        run(replay, bytes, byte_count, at, (uint8_t)(bytes[at] ^ 1U << bit));
    run(replay, bytes, byte_count, at, 0x00);
    run(replay, bytes, byte_count, at, 0xff);
}

static size_t read_file(const char *path, uint8_t bytes[FILE_BYTES_MAX])
{
    FILE *stream = fopen(path, "r");
    CHECK(stream != NULL);
    size_t byte_count = fread(bytes, 1, FILE_BYTES_MAX, stream);
    CHECK(byte_count < FILE_BYTES_MAX);
    fclose(stream);
    return byte_count;
}

static void replay_file(struct replay *replay, const char *path)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    size_t byte_count = read_file(path, bytes);
    uint64_t stride = replay->stride;
    replay->stride = 1;
    run(replay, bytes, byte_count, byte_count, 0);
    replay->stride = stride;
    for (size_t at = 0; at < byte_count; at++) {
        run(replay, bytes, at, at, 0);
        run_changes(replay, bytes, byte_count, at);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths below a folder, or the one file; to be freed. */
static size_t list_files(const char *corpus, char *paths[FILES_MAX])
{
    DIR *folder = opendir(corpus);
    if (folder == NULL) {
        paths[0] = strdup(corpus);
        return 1;
    }
    size_t count = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        CHECK(count < FILES_MAX);
        CHECK(asprintf(&paths[count++], "%s/%s", corpus, entry->d_name) > 0);
    }
    closedir(folder);
    qsort(paths, count, sizeof(paths[0]), by_name);
    return count;
}

static uint64_t count_bytes(char *const *paths, size_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        CHECK(stat(paths[i], &status) == 0);
        bytes += (uint64_t)status.st_size;
    }
    return bytes;
}

int main(int argc, char **argv)
{
    char *paths[FILES_MAX];
    if (argc != 3) {
        fprintf(stderr, "usage: %s RUNS_MAX CORPUS\n", argv[0]);
        return 64;
    }
    uint64_t runs_max = strtoull(argv[1], NULL, 10);
    size_t count = list_files(argv[2], paths);
    if (count == 0 || runs_max == 0) {
        fprintf(stderr, "%s: nothing to run in %s\n", argv[0], argv[2]);
        return 1;
    }
    struct replay replay = {.stride = 1};
    uint64_t wanted = count_bytes(paths, count) * RUNS_EACH;
    if (wanted > runs_max && getenv("DAYBOOK_FULL") == NULL) {
        replay.stride = (wanted + runs_max - 1) / runs_max;
        // Not a divisor's multiple, so that no kind of change is left out for all bytes.
        replay.stride += replay.stride % RUNS_EACH == 0;
    }
    replay.room = mmap(NULL, FILE_BYTES_MAX + PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(replay.room != MAP_FAILED);
    CHECK(mprotect(replay.room + FILE_BYTES_MAX, PAGE_BYTES, PROT_NONE) == 0);
    for (size_t i = 0; i < count; i++) {
        // Shown by a crash's output as the last line.
        fprintf(stderr, "%s\n", paths[i]);
        replay_file(&replay, paths[i]);
        free(paths[i]);
    }
    printf("%zu files, %llu runs (1 of %llu)\n", count, (unsigned long long)replay.done,
           (unsigned long long)replay.stride);
    return 0;
}
