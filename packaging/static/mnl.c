/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server calls of libmnl, for a static build where no libmnl can be linked in: Debian has it as a shared library only. The
 * interface is that of <libmnl/libmnl.h>, which says what each function is for. Lengths that the kernel sends are checked before use. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

struct mnl_socket {
        int fd;
        struct sockaddr_nl address;
};

/* ---- sockets ---- */

struct mnl_socket *mnl_socket_open2(int bus, int flags) {
        struct mnl_socket *socket_of = calloc(1, sizeof(*socket_of));
        if (!socket_of)
                return NULL;
        socket_of->fd = socket(AF_NETLINK, SOCK_RAW | flags, bus);
        if (socket_of->fd < 0) {
                free(socket_of);
                return NULL;
        }
        return socket_of;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid) {
        struct sockaddr_nl *address = &nl->address;
        socklen_t len = sizeof(*address);
        *address = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = groups, .nl_pid = (unsigned int)pid};
        if (bind(nl->fd, (struct sockaddr *)address, len) < 0 || getsockname(nl->fd, (struct sockaddr *)address, &len) < 0)
                return -1;
        if (len == sizeof(*address) && address->nl_family == AF_NETLINK)
                return 0;
        errno = EINVAL;
        return -1;
}

int mnl_socket_close(struct mnl_socket *nl) {
        int status = close(nl->fd);
        free(nl);
        return status;
}

int mnl_socket_get_fd(const struct mnl_socket *nl) {
        return nl->fd;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl) {
        return nl->address.nl_pid;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t siz) {
        const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
        return sendto(nl->fd, req, siz, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
}

/* A message cut off is none. */
ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t siz) {
        struct sockaddr_nl from = {.nl_family = AF_UNSPEC};
        struct iovec bytes = {.iov_base = buf, .iov_len = siz};
        struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &bytes, .msg_iovlen = 1};
        ssize_t len = recvmsg(nl->fd, &message, 0);
        if (len < 0)
                return -1;
        if (message.msg_flags & MSG_TRUNC)
                errno = ENOSPC;
        else if (message.msg_namelen != sizeof(from))
                errno = EINVAL;
        else
                return len;
        return -1;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len) {
        return setsockopt(nl->fd, SOL_NETLINK, type, buf, len);
}

/* ---- messages ---- */

static char *end_of(const struct nlmsghdr *header) {
        return (char *)header + MNL_ALIGN(header->nlmsg_len);
}

struct nlmsghdr *mnl_nlmsg_put_header(void *buf) {
        struct nlmsghdr *header = memset(buf, 0, MNL_NLMSG_HDRLEN);
        header->nlmsg_len = MNL_NLMSG_HDRLEN;
        return header;
}

void *mnl_nlmsg_put_extra_header(struct nlmsghdr *nlh, size_t size) {
        char *extra = end_of(nlh);
        nlh->nlmsg_len += (uint32_t)MNL_ALIGN(size);
        return memset(extra, 0, MNL_ALIGN(size));
}

size_t mnl_nlmsg_get_payload_len(const struct nlmsghdr *nlh) {
        return nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
}

void *mnl_nlmsg_get_payload(const struct nlmsghdr *nlh) {
        return (char *)nlh + MNL_NLMSG_HDRLEN;
}

bool mnl_nlmsg_ok(const struct nlmsghdr *nlh, int len) {
        return len >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= (unsigned int)len;
}

struct nlmsghdr *mnl_nlmsg_next(const struct nlmsghdr *nlh, int *len) {
        *len -= (int)MNL_ALIGN(nlh->nlmsg_len);
        return (struct nlmsghdr *)(void *)end_of(nlh);
}

/* The kernel writes errors as negative numbers, some modules as positive ones; 0 is "done as you asked". */
static int on_error(const struct nlmsghdr *header) {
        const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
        if (mnl_nlmsg_get_payload_len(header) < sizeof(*error)) {
                errno = EBADMSG;
                return MNL_CB_ERROR;
        }
        errno = abs(error->error);
        return error->error ? MNL_CB_ERROR : MNL_CB_STOP;
}

static int on_message(const struct nlmsghdr *header, mnl_cb_t on_data, void *data) {
        if (header->nlmsg_flags & NLM_F_DUMP_INTR) {
                errno = EINTR;
                return MNL_CB_ERROR;
        }
        if (header->nlmsg_type >= NLMSG_MIN_TYPE)
                return on_data ? on_data(header, data) : MNL_CB_OK;
        if (header->nlmsg_type == NLMSG_ERROR)
                return on_error(header);
        return header->nlmsg_type == NLMSG_DONE ? MNL_CB_STOP : MNL_CB_OK;
}

int mnl_cb_run(const void *buf, size_t numbytes, unsigned int seq, unsigned int portid, mnl_cb_t cb_data, void *data) {
        const struct nlmsghdr *header = buf;
        int left = (int)numbytes, status = MNL_CB_OK;
        while (status > MNL_CB_STOP && mnl_nlmsg_ok(header, left)) {
                if (portid && header->nlmsg_pid && header->nlmsg_pid != portid) {
                        errno = ESRCH;
                        return MNL_CB_ERROR;
                }
                if (seq && header->nlmsg_seq && header->nlmsg_seq != seq) {
                        errno = EPROTO;
                        return MNL_CB_ERROR;
                }
                status = on_message(header, cb_data, data);
                header = mnl_nlmsg_next(header, &left);
        }
        return status;
}

/* ---- attributes, written ---- */

void mnl_attr_put(struct nlmsghdr *nlh, uint16_t type, size_t len, const void *data) {
        struct nlattr *attribute = (void *)end_of(nlh);
        attribute->nla_type = type;
        attribute->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len);
        char *payload = (char *)attribute + MNL_ATTR_HDRLEN;
        memset(payload, 0, MNL_ALIGN(len));
        if (len)
                memcpy(payload, data, len);
        nlh->nlmsg_len += (uint32_t)(MNL_ATTR_HDRLEN + MNL_ALIGN(len));
}

void mnl_attr_put_u8(struct nlmsghdr *nlh, uint16_t type, uint8_t data) {
        mnl_attr_put(nlh, type, sizeof(data), &data);
}

void mnl_attr_put_u16(struct nlmsghdr *nlh, uint16_t type, uint16_t data) {
        mnl_attr_put(nlh, type, sizeof(data), &data);
}

void mnl_attr_put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t data) {
        mnl_attr_put(nlh, type, sizeof(data), &data);
}

void mnl_attr_put_u64(struct nlmsghdr *nlh, uint16_t type, uint64_t data) {
        mnl_attr_put(nlh, type, sizeof(data), &data);
}

void mnl_attr_put_strz(struct nlmsghdr *nlh, uint16_t type, const char *data) {
        mnl_attr_put(nlh, type, strlen(data) + 1, data);
}

struct nlattr *mnl_attr_nest_start(struct nlmsghdr *nlh, uint16_t type) {
        struct nlattr *nest = (void *)end_of(nlh);
        nest->nla_type = NLA_F_NESTED | type;
        nlh->nlmsg_len += (uint32_t)MNL_ATTR_HDRLEN;
        return nest;
}

void mnl_attr_nest_end(struct nlmsghdr *nlh, struct nlattr *start) {
        start->nla_len = (uint16_t)(end_of(nlh) - (char *)start);
}

/* ---- attributes, read ---- */

uint16_t mnl_attr_get_type(const struct nlattr *attr) {
        return attr->nla_type & NLA_TYPE_MASK;
}

uint16_t mnl_attr_get_len(const struct nlattr *attr) {
        return attr->nla_len;
}

uint16_t mnl_attr_get_payload_len(const struct nlattr *attr) {
        return (uint16_t)(attr->nla_len - MNL_ATTR_HDRLEN);
}

void *mnl_attr_get_payload(const struct nlattr *attr) {
        return (char *)attr + MNL_ATTR_HDRLEN;
}

uint8_t mnl_attr_get_u8(const struct nlattr *attr) {
        return *(const uint8_t *)mnl_attr_get_payload(attr);
}

uint16_t mnl_attr_get_u16(const struct nlattr *attr) {
        uint16_t number;
        memcpy(&number, mnl_attr_get_payload(attr), sizeof(number));
        return number;
}

uint32_t mnl_attr_get_u32(const struct nlattr *attr) {
        uint32_t number;
        memcpy(&number, mnl_attr_get_payload(attr), sizeof(number));
        return number;
}

const char *mnl_attr_get_str(const struct nlattr *attr) {
        return mnl_attr_get_payload(attr);
}

static bool has_form(const struct nlattr *attribute, enum mnl_attr_data_type type) {
        const char *payload = mnl_attr_get_payload(attribute);
        size_t len = mnl_attr_get_payload_len(attribute);
        switch (type) {
        case MNL_TYPE_U8:
                return len == sizeof(uint8_t);
        case MNL_TYPE_U16:
                return len == sizeof(uint16_t);
        case MNL_TYPE_U32:
                return len == sizeof(uint32_t);
        case MNL_TYPE_U64:
        case MNL_TYPE_MSECS:
                return len == sizeof(uint64_t);
        case MNL_TYPE_FLAG:
                return len == 0;
        case MNL_TYPE_STRING:
                return len > 0;
        case MNL_TYPE_NUL_STRING:
                return len > 0 && payload[len - 1] == '\0';
        case MNL_TYPE_NESTED:
                return len == 0 || len >= MNL_ATTR_HDRLEN;
        default:
                return type < MNL_TYPE_MAX;
        }
}

int mnl_attr_validate(const struct nlattr *attr, enum mnl_attr_data_type type) {
        if (has_form(attr, type))
                return 0;
        errno = type < MNL_TYPE_MAX ? ERANGE : EINVAL;
        return -1;
}

static int parse(const char *at, const char *end, mnl_attr_cb_t on_attribute, void *data) {
        while ((size_t)(end - at) >= sizeof(struct nlattr)) {
                const struct nlattr *attribute = (const void *)at;
                size_t len = attribute->nla_len, left = (size_t)(end - at);
                if (len < sizeof(*attribute) || len > left)
                        break;
                int status = on_attribute(attribute, data);
                if (status <= MNL_CB_STOP)
                        return status;
                at += MNL_ALIGN(len) < left ? MNL_ALIGN(len) : left;
        }
        return MNL_CB_OK;
}

int mnl_attr_parse(const struct nlmsghdr *nlh, unsigned int offset, mnl_attr_cb_t cb, void *data) {
        if (mnl_nlmsg_get_payload_len(nlh) < MNL_ALIGN(offset))
                return MNL_CB_OK;
        return parse((char *)mnl_nlmsg_get_payload(nlh) + MNL_ALIGN(offset), (const char *)nlh + nlh->nlmsg_len, cb, data);
}

int mnl_attr_parse_nested(const struct nlattr *attr, mnl_attr_cb_t cb, void *data) {
        const char *payload = mnl_attr_get_payload(attr);
        return parse(payload, payload + mnl_attr_get_payload_len(attr), cb, data);
}
