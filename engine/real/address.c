#include "real/address.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

static bool takes_connection(const struct address *address, uint64_t wait_ns);

bool address_resolve(const char *host, uint16_t port, struct addresses *addresses, char *error,
                     size_t error_bytes)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, service, &wanted, &found);
    if (failure != 0) {
        snprintf(
            error, error_bytes,
            "the bank's host \"%s\" was not found: %s\nHINT: check the bank's url, or /etc/hosts",
            host, gai_strerror(failure));
        return false;
    }
    addresses->count = 0;
    for (const struct addrinfo *one = found; one && addresses->count < ADDRESSES_MAX;
         one = one->ai_next) {
        struct address *address = &addresses->all[addresses->count++];
        memcpy(&address->socket, one->ai_addr, one->ai_addrlen);
        address->bytes = one->ai_addrlen;
    }
    freeaddrinfo(found);
    return addresses->count > 0;
}

bool address_answers(const struct addresses *addresses, uint64_t wait_ns)
{
    for (uint32_t i = 0; i < addresses->count; i++) {
        if (takes_connection(&addresses->all[i], wait_ns / addresses->count)) {
            return true;
        }
    }
    return false;
}

static bool takes_connection(const struct address *address, uint64_t wait_ns)
{
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool taken = connect(fd, (const struct sockaddr *)&address->socket, address->bytes) == 0;
    if (!taken && errno == EINPROGRESS) {
        struct pollfd waiting = {.fd = fd, .events = POLLOUT};
        int failure = 0;
        socklen_t failure_bytes = sizeof(failure);
        taken = poll(&waiting, 1, (int)(wait_ns / NS_PER_MS)) == 1 &&
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &failure_bytes) == 0 && failure == 0;
    }
    close(fd);
    return taken;
}
