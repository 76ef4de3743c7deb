#include "wire/yaml.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"

#define NUMBER_DIGITS_MAX 15
#define DURATION_MAX_NS (UINT64_C(366) * 24 * 3600 * NS_PER_S)
#define WORD_BYTES_MAX 40

static void note(struct yaml *yaml, int line, int column, const char *message)
{
    CHECK(!yaml->failed);
    yaml->failed = true;
    size_t used =
        (size_t)snprintf(yaml->error, yaml->error_capacity, "%s:%d:%d: ", yaml->file, line, column);
    // It quotes the file, and may be cut in the middle of a letter.
    if (used < yaml->error_capacity)
        text_clean(yaml->error + used, yaml->error_capacity - used, message, strlen(message));
}

/* libfyaml keeps what it found wrong; the first of it is ours. */
static void note_syntax(struct yaml *yaml)
{
    void *at = NULL;
    const struct fy_diag_error *found = fy_diag_errors_iterate(yaml->diag, &at);
    if (found == NULL) {
        note(yaml, 1, 1, "the file is empty");
        return;
    }
    char message[256];
    snprintf(message, sizeof(message), "not valid YAML: %s", found->msg);
    note(yaml, found->line, found->column, message);
}

/* The parser lets bad bytes pass in some places. */
static bool is_text(struct yaml *yaml, const char *text, size_t text_bytes)
{
    int line = 1;
    size_t begin = 0;
    for (size_t i = 0; i <= text_bytes; i++) {
        if (i < text_bytes && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
            continue;
        if (!text_is_clean(text + begin, i - begin)) {
            note(yaml, line, 1,
                 "the line has control characters or is not UTF-8; save it as UTF-8");
            return false;
        }
        begin = i + 1;
        if (i < text_bytes && text[i] == '\n')
            line++;
    }
    return true;
}

static bool is_one_document(struct yaml *yaml)
{
    struct fy_document *next = fy_parse_load_document(yaml->parser);
    if (next == NULL)
        return true;
    fy_parse_document_destroy(yaml->parser, next);
    note(yaml, 1, 1, "the file holds more than one document; keep one, without `---`");
    return false;
}

struct fy_node *yaml_open(struct yaml *yaml, const char *file, const char *text, size_t text_bytes,
                          char *error, size_t error_capacity)
{
    *yaml = (struct yaml){.file = file, .error = error, .error_capacity = error_capacity};
    if (!is_text(yaml, text, text_bytes))
        return NULL;
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    yaml->diag = fy_diag_create(&diag_config);
    CHECK(yaml->diag != NULL);
    fy_diag_set_collect_errors(yaml->diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = yaml->diag};
    yaml->parser = fy_parser_create(&config);
    CHECK(yaml->parser != NULL);
    CHECK(fy_parser_set_string(yaml->parser, text, text_bytes) == 0);
    yaml->document = fy_parse_load_document(yaml->parser);
    struct fy_node *root = yaml->document == NULL ? NULL : fy_document_root(yaml->document);
    if (root == NULL) {
        note_syntax(yaml);
        return NULL;
    }
    return is_one_document(yaml) ? root : NULL;
}

void yaml_close(struct yaml *yaml)
{
    if (yaml->document != NULL)
        fy_parse_document_destroy(yaml->parser, yaml->document);
    if (yaml->parser != NULL)
        fy_parser_destroy(yaml->parser);
    if (yaml->diag != NULL)
        fy_diag_destroy(yaml->diag);
}

/* Where the node begins. Reporting is the way by which libfyaml tells it of every kind of node. */
static void find_place(struct yaml *yaml, struct fy_node *node, int *line, int *column)
{
    void *at = NULL;
    const struct fy_diag_error *found;
    fy_node_report(node, FYET_ERROR, "%s", "");
    while ((found = fy_diag_errors_iterate(yaml->diag, &at)) != NULL) {
        *line = found->line;
        *column = found->column;
    }
}

bool yaml_fail(struct yaml *yaml, struct fy_node *node, const char *format, ...)
{
    if (yaml->failed)
        return false;
    char message[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    int line = 1;
    int column = 1;
    if (node != NULL)
        find_place(yaml, node, &line, &column);
    note(yaml, line, column, message);
    return false;
}

/* Edits (insert, drop, replace) from one short word to another. */
static uint32_t distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    uint32_t row[WORD_BYTES_MAX + 1];
    for (uint32_t j = 0; j <= b_bytes; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        uint32_t diagonal = row[0];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b_bytes; j++) {
            uint32_t replace = diagonal + (a[i - 1] != b[j - 1]);
            uint32_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < other ? replace : other;
        }
    }
    return row[b_bytes];
}

const char *yaml_nearest(const char *text, size_t text_bytes, const char *const *words)
{
    const char *nearest = NULL;
    uint32_t least = UINT32_MAX;
    if (text_bytes > WORD_BYTES_MAX)
        return NULL;
    for (; *words != NULL; words++) {
        size_t word_bytes = strlen(*words);
        CHECK(word_bytes <= WORD_BYTES_MAX);
        uint32_t edits = distance(text, text_bytes, *words, word_bytes);
        if (edits < least && edits <= 1 + word_bytes / 3) {
            least = edits;
            nearest = *words;
        }
    }
    return nearest;
}

/* "did you mean `x`?", or all that is allowed. */
static bool fail_word(struct yaml *yaml, struct fy_node *node, const char *what, const char *text,
                      size_t text_bytes, const char *const *words)
{
    const char *nearest = yaml_nearest(text, text_bytes, words);
    int shown = text_bytes > WORD_BYTES_MAX ? WORD_BYTES_MAX : (int)text_bytes;
    if (nearest != NULL)
        return yaml_fail(yaml, node, "%s `%.*s`; did you mean `%s`?", what, shown, text, nearest);
    char list[256];
    size_t used = 0;
    for (; *words != NULL && used < sizeof(list); words++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used == 0 ? "" : ", ",
                                 *words);
    return yaml_fail(yaml, node, "%s `%.*s`; allowed are: %s", what, shown, text, list);
}

static bool is_among(const char *text, size_t text_bytes, const char *const *words, uint32_t *index)
{
    for (*index = 0; words[*index] != NULL; ++*index)
        if (strlen(words[*index]) == text_bytes && memcmp(words[*index], text, text_bytes) == 0)
            return true;
    return false;
}

bool yaml_map(struct yaml *yaml, struct fy_node *node, const char *const *keys)
{
    if (yaml->failed)
        return false;
    if (!fy_node_is_mapping(node))
        return yaml_fail(yaml, node, "here must be keys and values, as in `%s: …`", keys[0]);
    void *at = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
        const char *text;
        size_t text_bytes;
        uint32_t index;
        if (!yaml_pair(yaml, pair, &text, &text_bytes))
            return false;
        if (!is_among(text, text_bytes, keys, &index))
            return fail_word(yaml, fy_node_pair_key(pair), "unknown key", text, text_bytes, keys);
    }
    return true;
}

bool yaml_pair(struct yaml *yaml, struct fy_node_pair *pair, const char **key, size_t *key_bytes)
{
    struct fy_node *value = fy_node_pair_value(pair);
    if (!yaml_text(yaml, fy_node_pair_key(pair), key, key_bytes))
        return false;
    // What was left empty has no place in the file: the error points at its key.
    // uncovered: the parser may give nothing for it, but gives an empty scalar
    if (value == NULL || (fy_node_is_scalar(value) && fy_node_get_style(value) == FYNS_PLAIN &&
                          fy_node_get_scalar_length(value) == 0))
        return yaml_fail(yaml, fy_node_pair_key(pair),
                         "`%.*s` has no value; give it one, or take it out", (int)*key_bytes, *key);
    return true;
}

struct fy_node *yaml_get(struct fy_node *map, const char *key)
{
    return fy_node_mapping_lookup_value_by_string(map, key, strlen(key));
}

struct fy_node *yaml_need(struct yaml *yaml, struct fy_node *map, const char *key)
{
    struct fy_node *value = yaml_get(map, key);
    if (value == NULL)
        yaml_fail(yaml, map, "`%s` is missing; add it", key);
    return value;
}

struct fy_node *yaml_item(struct fy_node *node, uint32_t index)
{
    if (fy_node_is_sequence(node))
        return index > INT32_MAX ? NULL : fy_node_sequence_get_by_index(node, (int)index);
    return index == 0 ? node : NULL;
}

bool yaml_text(struct yaml *yaml, struct fy_node *node, const char **text, size_t *text_bytes)
{
    if (yaml->failed)
        return false;
    if (node != NULL && fy_node_is_alias(node))
        return yaml_fail(yaml, node, "aliases are not read; write the value out");
    *text = node == NULL || !fy_node_is_scalar(node) ? NULL : fy_node_get_scalar(node, text_bytes);
    if (*text == NULL || *text_bytes == 0)
        return yaml_fail(yaml, node, "here must be one value");
    if (!text_is_clean(*text, *text_bytes))
        return yaml_fail(yaml, node, "the value has control characters; keep it on one line");
    return true;
}

bool yaml_word(struct yaml *yaml, struct fy_node *node, const char *const *words, uint32_t *index)
{
    const char *text;
    size_t text_bytes;
    if (!yaml_text(yaml, node, &text, &text_bytes))
        return false;
    if (!is_among(text, text_bytes, words, index))
        return fail_word(yaml, node, "unknown word", text, text_bytes, words);
    return true;
}

/* Leading digits, at most NUMBER_DIGITS_MAX; returns how many. */
static size_t take_digits(const char *text, size_t text_bytes, uint64_t *number)
{
    size_t i = 0;
    *number = 0;
    for (; i < text_bytes && i < NUMBER_DIGITS_MAX && text[i] >= '0' && text[i] <= '9'; i++)
        *number = *number * 10 + (uint64_t)(text[i] - '0');
    return i;
}

bool yaml_number(struct yaml *yaml, struct fy_node *node, uint64_t least, uint64_t most,
                 uint64_t *number)
{
    const char *text;
    size_t text_bytes;
    if (!yaml_text(yaml, node, &text, &text_bytes))
        return false;
    if (take_digits(text, text_bytes, number) != text_bytes || *number < least || *number > most)
        return yaml_fail(yaml, node, "here must be a whole number from %" PRIu64 " to %" PRIu64,
                         least, most);
    return true;
}

bool yaml_duration(struct yaml *yaml, struct fy_node *node, const char *never,
                   uint64_t *duration_ns)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {
        {"ms", NS_PER_MS},           {"s", NS_PER_S},
        {"min", 60 * NS_PER_S},      {"h", 3600 * NS_PER_S},
        {"d", 24 * 3600 * NS_PER_S},
    };
    const char *text;
    size_t text_bytes;
    uint64_t number;
    if (!yaml_text(yaml, node, &text, &text_bytes))
        return false;
    if (never != NULL && strlen(never) == text_bytes && memcmp(never, text, text_bytes) == 0) {
        *duration_ns = AT_NEVER;
        return true;
    }
    size_t digits = take_digits(text, text_bytes, &number);
    for (size_t i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        size_t unit_bytes = strlen(units[i].unit);
        if (text_bytes - digits == unit_bytes &&
            memcmp(text + digits, units[i].unit, unit_bytes) == 0 &&
            number <= DURATION_MAX_NS / units[i].ns) {
            *duration_ns = number * units[i].ns;
            return true;
        }
    }
    return yaml_fail(yaml, node,
                     "here must be a duration up to 366d, as 500ms, 20s, 15min, 24h%s%s",
                     never == NULL ? "" : ", or ", never == NULL ? "" : never);
}
