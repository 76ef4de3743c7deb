#include "jobs/cohort_place.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

struct cursor {
    uint32_t line, column;
};

struct seeker {
    struct cohort_place *places;
    size_t place_count;
    size_t next;
    uint32_t record, field;
    struct cursor start; /* of the field being read */
    bool ended;          /* a field or record ended with this byte */
};

static int never_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

void cohort_parser_begin(struct csv_parser *parser)
{
    CHECK(csv_init(parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0);
    csv_set_space_func(parser, never_space);
}

static void move(struct cursor *cursor, const char *text, size_t at, size_t text_bytes)
{
    unsigned char byte = (unsigned char)text[at];
    bool feed = byte == '\n' || (byte == '\r' && (at + 1 == text_bytes || text[at + 1] != '\n'));
    if (feed) {
        cursor->line++;
        cursor->column = 1;
    } else if ((byte & 0xC0) != 0x80 && byte != '\r') {
        cursor->column++;
    }
}

static void on_field(void *bytes, size_t byte_count, void *context)
{
    struct seeker *seeker = context;
    (void)bytes;
    (void)byte_count;
    while (seeker->next < seeker->place_count) {
        struct cohort_place *place = &seeker->places[seeker->next];
        if (place->record != seeker->record || place->field != seeker->field)
            break;
        place->line = seeker->start.line;
        place->column = seeker->start.column;
        seeker->next++;
    }
    seeker->field++;
    seeker->ended = true;
}

static void on_record(int terminator, void *context)
{
    struct seeker *seeker = context;
    (void)terminator;
    seeker->record++;
    seeker->field = 0;
    seeker->ended = true;
}

static void seek(struct seeker *seeker, const char *text, size_t text_bytes)
{
    struct csv_parser parser;
    struct cursor here = {1, 1};
    bool pending = false; // has the field begun?
    cohort_parser_begin(&parser);
    seeker->start = here;
    for (size_t at = 0; at < text_bytes && seeker->next < seeker->place_count; at++) {
        bool feed = text[at] == '\n' || text[at] == '\r';
        seeker->ended = false;
        if (csv_parse(&parser, text + at, 1, on_field, on_record, seeker) != 1)
            break;
        move(&here, text, at, text_bytes);
        if (seeker->ended || (feed && !pending && seeker->field == 0)) {
            seeker->start = here;
            pending = false;
        } else {
            pending = true;
        }
    }
    if (seeker->next < seeker->place_count)
        csv_fini(&parser, on_field, on_record, seeker);
    csv_free(&parser);
}

void cohort_locate(const char *text, size_t text_bytes, struct cohort_place *places,
                   size_t place_count)
{
    struct seeker seeker = {.places = places, .place_count = place_count};
    for (size_t i = 0; i < place_count; i++) {
        places[i].line = 1;
        places[i].column = 1;
    }
    seek(&seeker, text, text_bytes);
}

void cohort_locate_last(const char *text, size_t text_bytes, uint32_t *line, uint32_t *column)
{
    struct cohort_place nowhere = {.record = UINT32_MAX};
    struct seeker seeker = {.places = &nowhere, .place_count = 1};
    seek(&seeker, text, text_bytes);
    *line = seeker.start.line;
    *column = seeker.start.column;
}

void cohort_locate_byte(const char *text, size_t at, uint32_t *line, uint32_t *column)
{
    struct cursor here = {1, 1};
    for (size_t i = 0; i < at; i++)
        move(&here, text, i, at);
    *line = here.line;
    *column = here.column;
}

/* Bytes of the character that may stand here, or 0 and what is wrong with it. */
static size_t character_bytes(const char *text, size_t left, const char **wrong)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] >= 0x20 ? bytes[0] < 0x7f : bytes[0] == '\n' || bytes[0] == '\r')
        return 1;
    size_t width = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (bytes[0] == '\0')
        *wrong = "a NUL byte; save the file as UTF-8";
    else if (bytes[0] < 0x80 || (bytes[0] == 0xc2 && left > 1 && (bytes[1] & 0xe0) == 0x80))
        *wrong = "a control character";
    else if (width <= left && text_is_clean(text, width))
        return width;
    else
        *wrong = "bytes that are not UTF-8; save the file as UTF-8";
    return 0;
}

#define EACH_BYTE(value) ((value)*UINT64_C(0x0101010101010101))

/* Are these eight all printable ASCII? Most of a file is. */
static bool are_plain(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    uint64_t deletes = word ^ EACH_BYTE(0x7f);
    // The high bit of a byte: it is not ASCII; below a space; what was 0x7f.
    uint64_t odd = word | (word - EACH_BYTE(0x20)) | (deletes - EACH_BYTE(1));
    return (odd & EACH_BYTE(0x80)) == 0;
}

size_t cohort_first_wrong(const char *text, size_t text_bytes, const char **wrong)
{
    size_t at = 0;
    while (at < text_bytes) {
        if (text_bytes - at >= 8 && are_plain(text + at)) {
            at += 8;
            continue;
        }
        size_t width = character_bytes(text + at, text_bytes - at, wrong);
        if (width == 0)
            return at;
        at += width;
    }
    return at;
}
