#include "lane_hostile.h"

#include <string.h>
#include <sys/socket.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"
#define LINE_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define LINE_1024                                                                                  \
    LINE_64 LINE_64 LINE_64 LINE_64 LINE_64 LINE_64 LINE_64 LINE_64 LINE_64 LINE_64 LINE_64        \
        LINE_64 LINE_64 LINE_64 LINE_64 LINE_64
#define GIB_TIMES (1U << 20) /* of LINE_1024 */
#define MIB_10_TIMES (10U << 10)

#define NUL_HEADER OK "X: a\0b\r\nContent-Length: 2\r\n\r\n{}"
#define GZIP OK "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03"

const struct hostile lane_hostile[] = {
    {.name = "length and chunked",
     .head = OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {.name = "chunked and length",
     .head = OK "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {.name = "the same length twice",
     .head = OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"},
    {.name = "two lengths in one", .head = OK "Content-Length: 2, 2\r\n\r\n{}"},
    {.name = "length below zero", .head = OK "Content-Length: -2\r\n\r\n{}"},
    {.name = "length with a plus", .head = OK "Content-Length: +2\r\n\r\n{}"},
    {.name = "length in hex", .head = OK "Content-Length: 0x2\r\n\r\n{}"},
    {.name = "length 2^64", .head = OK "Content-Length: 18446744073709551616\r\n\r\n{}"},
    {.name = "length 2^64 + 2", .head = OK "Content-Length: 18446744073709551618\r\n\r\n{}"},
    {.name = "length 2^64 - 1", .head = OK "Content-Length: 18446744073709551615\r\n\r\n{}"},
    {.name = "chunk below zero", .head = CHUNKS "-2\r\n{}\r\n0\r\n\r\n"},
    {.name = "chunk 2^64 + 2", .head = CHUNKS "10000000000000002\r\n{}\r\n0\r\n\r\n"},
    {.name = "chunk longer than it says", .head = CHUNKS "2\r\n{}x\r\n0\r\n\r\n"},
    {.name = "chunk of no number", .head = CHUNKS "two\r\n{}\r\n0\r\n\r\n"},
    {.name = "chunk size before a line feed alone", .head = CHUNKS "2\n{}\r\n0\r\n\r\n"},
    {.name = "gzip as transfer coding", .head = OK "Transfer-Encoding: gzip\r\n\r\n{}"},
    {.name = "chunked, then gzip",
     .head = OK "Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
    {.name = "gzip as content coding",
     .head = GZIP,
     .head_bytes = sizeof(GZIP) - 1,
     .is_framed = true},
    {.name = "line feeds alone", .head = "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"},
    {.name = "white space before the colon", .head = OK "Content-Length : 2\r\n\r\n{}"},
    {.name = "NUL in a header", .head = NUL_HEADER, .head_bytes = sizeof(NUL_HEADER) - 1},
    {.name = "204 with a body", .head = "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n{}"},
    {.name = "304 with a body", .head = "HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n{}"},
    {.name = "100 with a body", .head = "HTTP/1.1 100 Go\r\nContent-Length: 2\r\n\r\n{}"},
    {.name = "another protocol",
     .head = "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
    {.name = "another version", .head = "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"},
    {.name = "no version", .head = "{\"status\":\"complete\"}\r\n\r\n"},
    {.name = "a request", .head = "GET / HTTP/1.1\r\n\r\n"},
    {.name = "a TLS alert", .head = "\x15\x03\x01\x02\x02\x28\x15\x03\x01\x02\x02\x28"},
    {.name = "continue for ever", .head = "", .again = "HTTP/1.1 100 Go\r\n\r\n", .times = 100000},
    {.name = "a status line of 1 GiB",
     .head = "HTTP/1.1 200 ",
     .again = LINE_1024,
     .times = GIB_TIMES},
    {.name = "a header of 1 GiB", .head = OK "X: ", .again = LINE_1024, .times = GIB_TIMES},
    {.name = "a header's name of 1 GiB", .head = OK "X", .again = LINE_1024, .times = GIB_TIMES},
    {.name = "headers for ever", .head = OK, .again = "X: y\r\n", .times = 1U << 20},
    {.name = "a body of 10 MiB, told",
     .head = OK "Content-Length: 10485760\r\n\r\n",
     .again = LINE_1024,
     .times = MIB_10_TIMES},
    {.name = "a body until the end, of 10 MiB",
     .head = OK "\r\n",
     .again = LINE_1024,
     .times = MIB_10_TIMES},
    {.name = "a chunk of 1 GiB",
     .head = CHUNKS "40000000\r\n",
     .again = LINE_1024,
     .times = GIB_TIMES},
    {.name = "chunks for ever", .head = CHUNKS, .again = "1\r\nx\r\n", .times = 1U << 20},
    {.name = "a chunk's extension for ever",
     .head = CHUNKS "1;",
     .again = LINE_1024,
     .times = GIB_TIMES},
    {.name = "zeros before a chunk's size",
     .head = CHUNKS,
     .again = "0000000000000000",
     .times = 1U << 20},
    {.name = "trailers for ever",
     .head = CHUNKS "2\r\n{}\r\n0\r\n",
     .again = "X: y\r\n",
     .times = 1U << 20},
};
const size_t lane_hostile_count = sizeof(lane_hostile) / sizeof(lane_hostile[0]);

static bool put(int fd, const char *bytes, size_t byte_count)
{
    while (byte_count > 0) {
        ssize_t written = send(fd, bytes, byte_count, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        byte_count -= (size_t)written;
    }
    return true;
}

void lane_hostile_put(int fd, const struct hostile *hostile)
{
    size_t head_bytes = hostile->head_bytes > 0 ? hostile->head_bytes : strlen(hostile->head);
    bool is_taken = put(fd, hostile->head, head_bytes);
    for (uint32_t i = 0; is_taken && i < hostile->times; i++) {
        is_taken = put(fd, hostile->again, strlen(hostile->again));
    }
}
