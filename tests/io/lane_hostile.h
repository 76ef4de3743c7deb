/*
 * lane_hostile: answers of a bank that are not one plain answer, for lane_server and lane_driver.
 */
#ifndef DAYBOOK_TESTS_IO_LANE_HOSTILE_H
#define DAYBOOK_TESTS_IO_LANE_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hostile {
    const char *name;
    const char *head;  /* sent first */
    const char *again; /* then this, so often */
    uint32_t times;
    size_t head_bytes; /* 0: strlen */
    bool is_framed;    /* HTTP finds nothing wrong with it: its connection may be used again */
};

extern const struct hostile lane_hostile[];
extern const size_t lane_hostile_count;

/* Write it to the socket, until the peer has had enough. */
void lane_hostile_put(int fd, const struct hostile *hostile);

#endif
