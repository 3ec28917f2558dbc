/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_body.c - the spool of a message body: in memory, then in a file.
 */
#include "compat.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "message/body.h"
#include "milter/wire.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define PATTERN		(300u * 1024u)

/* Every byte value, and no period that a chunk or a page has. */
static unsigned char *
pattern(void)
{
	static unsigned char bytes[PATTERN];
	uint32_t x = 2463534242u;
	size_t i;

	for (i = 0; i < sizeof(bytes); i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		bytes[i] = (unsigned char)(x >> 11);
	}
	/* What a string function would stumble over. */
	memcpy(bytes, "\0\r\n.\r\n\377\0\n", 9);
	return (bytes);
}

/* The body is the first size bytes of the pattern, read in pieces of want. */
static void
same(const struct body *b, size_t size, size_t want)
{
	const unsigned char *bytes = pattern(), *data;
	uint64_t off = 0;

	ATF_REQUIRE_EQ(b->size, size);
	while (off < size) {
		ssize_t n = body_read(b, off, want, &data);

		ATF_REQUIRE_MSG(n >= 1, "at %lu of %zu: %zd: %s",
		    (unsigned long)off, size, n, strerror(errno));
		ATF_REQUIRE((size_t)n <= want);
		ATF_REQUIRE((uint64_t)n <= size - off);
		ATF_REQUIRE_EQ(memcmp(data, bytes + off, (size_t)n), 0);
		off += (uint64_t)n;
	}
}

static unsigned
entries(const char *directory)
{
	const struct dirent *e;
	DIR *d = opendir(directory);
	unsigned n = 0;

	ATF_REQUIRE(d != NULL);
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			n++;
	(void)closedir(d);
	return (n);
}

/* The lowest free descriptor: is the same before and after when none leaks. */
static int
lowest(void)
{
	int fd = dup(STDOUT_FILENO);

	ATF_REQUIRE(fd != -1);
	(void)close(fd);
	return (fd);
}

ATF_TC(limit);
ATF_TC_HEAD(limit, tc)
{
	atf_tc_set_md_var(tc, "descr", "up to its limit a body is in memory, "
	    "with one byte more in a file");
}
ATF_TC_BODY(limit, tc)
{
	static const size_t limits[] = { 0, 1, 2, 100, 4096, 65535, 65536 };
	const unsigned char *bytes = pattern();
	size_t i;

	for (i = 0; i < COUNT(limits); i++) {
		size_t limit = limits[i];
		struct body b;

		body_init(&b, limit, ".");
		ATF_CHECK_EQ(b.size, 0);
		if (limit > 0)
			ATF_REQUIRE_EQ(body_append(&b, bytes, limit), 0);
		ATF_CHECK_EQ(b.fd, -1);
		same(&b, limit, SIZE_MAX);
		/* Nothing more is nothing over it. */
		ATF_REQUIRE_EQ(body_append(&b, bytes, 0), 0);
		ATF_CHECK_EQ(b.fd, -1);
		ATF_REQUIRE_EQ(body_append(&b, bytes + limit, 1), 0);
		ATF_CHECK(b.fd != -1);
		ATF_CHECK(b.mem.data == NULL);
		same(&b, limit + 1, SIZE_MAX);
		ATF_REQUIRE_EQ(body_append(&b, bytes, 0), 0);
		ATF_REQUIRE_EQ(body_append(&b, bytes + limit + 1, 5000), 0);
		same(&b, limit + 5001, 4096);
		body_clear(&b);
	}
}

ATF_TC(once);
ATF_TC_HEAD(once, tc)
{
	atf_tc_set_md_var(tc, "descr", "one piece may be larger than the "
	    "limit, and larger than a frame");
}
ATF_TC_BODY(once, tc)
{
	struct body b;

	body_init(&b, 1000, ".");
	ATF_REQUIRE_EQ(body_append(&b, pattern(), PATTERN), 0);
	ATF_CHECK(b.fd != -1);
	same(&b, PATTERN, SIZE_MAX);
	same(&b, PATTERN, 65535);
	same(&b, PATTERN, 65536);
	body_clear(&b);

	body_init(&b, PATTERN, ".");
	ATF_REQUIRE_EQ(body_append(&b, pattern(), PATTERN), 0);
	ATF_CHECK_EQ(b.fd, -1);
	same(&b, PATTERN, SIZE_MAX);
	same(&b, PATTERN, 65535);
	body_clear(&b);
}

ATF_TC(reads);
ATF_TC_HEAD(reads, tc)
{
	atf_tc_set_md_var(tc, "descr", "a read of any size at any offset gives "
	    "the bytes that were appended, in memory and in a file");
}
ATF_TC_BODY(reads, tc)
{
	static const size_t limits[] = { 0, 40, 79, 80, 1000 };
	const unsigned char *bytes = pattern(), *data;
	size_t i, off, want, step;

	for (i = 0; i < COUNT(limits); i++)
		for (step = 1; step < 80; step += 13) {
			struct body b;

			body_init(&b, limits[i], ".");
			for (off = 0; off < 80; off += want) {
				want = step < 80 - off ? step : 80 - off;
				ATF_REQUIRE_EQ(body_append(&b, bytes + off,
				    want), 0);
			}
			ATF_CHECK_EQ(b.fd == -1, limits[i] >= 80);
			for (off = 0; off < 80; off++)
				for (want = 1; want < 90; want++) {
					ssize_t n = body_read(&b, off, want,
					    &data);

					/* A plain file gives all there is. */
					ATF_REQUIRE_EQ((size_t)n,
					    want < 80 - off ? want : 80 - off);
					ATF_REQUIRE_EQ(memcmp(data, bytes + off,
					    (size_t)n), 0);
				}
			body_clear(&b);
		}
}

ATF_TC(chunks);
ATF_TC_HEAD(chunks, tc)
{
	atf_tc_set_md_var(tc, "descr", "pieces of a frame's size cross the "
	    "limit and come back in pieces of any size");
}
ATF_TC_BODY(chunks, tc)
{
	static const size_t pieces[] = { 65535, 65536, 1, 4096, 100000, 7 };
	static const size_t wants[] = { 1000, 65534, 65535, 65536, 100001,
	    SIZE_MAX };
	const unsigned char *bytes = pattern();
	size_t i, size = 0;
	struct body b;

	body_init(&b, 70000, ".");
	for (i = 0; i < COUNT(pieces); i++) {
		ATF_REQUIRE_EQ(body_append(&b, bytes + size, pieces[i]), 0);
		size += pieces[i];
		ATF_CHECK_EQ(b.fd == -1, size <= 70000);
		same(&b, size, 65535);
	}
	for (i = 0; i < COUNT(wants); i++)
		same(&b, size, wants[i]);
	body_clear(&b);
}

ATF_TC(lines);
ATF_TC_HEAD(lines, tc)
{
	atf_tc_set_md_var(tc, "descr", "a bare LF gets its CR, however the "
	    "body is cut, in memory and in a file");
}
ATF_TC_BODY(lines, tc)
{
	static const char in[] = "a\nb\r\nc\rd\n\n\r\n\r\r\n\r";
	static const char out[] = "a\r\nb\r\nc\rd\r\n\r\n\r\n\r\r\n\r";
	const unsigned char *p;
	struct body b;
	size_t cut, limit;

	for (limit = 0; limit <= 100; limit += 10) {
		for (cut = 0; cut < sizeof(in); cut++) {
			body_init(&b, limit, ".");
			ATF_REQUIRE_EQ(body_append_lines(&b, in, cut), 0);
			ATF_REQUIRE_EQ(body_append_lines(&b, in + cut,
			    sizeof(in) - 1 - cut), 0);
			ATF_REQUIRE_EQ(b.size, sizeof(out) - 1);
			ATF_CHECK_EQ(b.last, '\r');
			ATF_REQUIRE_EQ(body_read(&b, 0, sizeof(out), &p),
			    (ssize_t)sizeof(out) - 1);
			ATF_CHECK_EQ(memcmp(p, out, sizeof(out) - 1), 0);
			body_clear(&b);
			ATF_CHECK_EQ(b.last, 0);
		}
	}
}

ATF_TC(reuse);
ATF_TC_HEAD(reuse, tc)
{
	atf_tc_set_md_var(tc, "descr", "a cleared body is empty, holds no file "
	    "and can be filled again");
}
ATF_TC_BODY(reuse, tc)
{
	const unsigned char *bytes = pattern();
	int i, free_fd = lowest();
	struct body b;

	body_init(&b, 64, ".");
	body_clear(&b);
	for (i = 0; i < 3; i++) {
		ATF_REQUIRE_EQ(body_append(&b, bytes, 10), 0);
		ATF_CHECK_EQ(b.fd, -1);
		same(&b, 10, SIZE_MAX);
		body_clear(&b);
		ATF_CHECK_EQ(b.size, 0);
		ATF_REQUIRE_EQ(body_append(&b, bytes, 1000), 0);
		ATF_CHECK(b.fd != -1);
		same(&b, 1000, SIZE_MAX);
		body_clear(&b);
		ATF_CHECK_EQ(b.size, 0);
		ATF_CHECK_EQ(b.fd, -1);
		ATF_CHECK_EQ(lowest(), free_fd);
		/* The limit and the directory are as they were. */
		ATF_CHECK_EQ(b.memory_limit, 64);
		ATF_CHECK_STREQ(b.directory, ".");
	}
	body_clear(&b);
	body_clear(&b);
}

ATF_TC(nameless);
ATF_TC_HEAD(nameless, tc)
{
	atf_tc_set_md_var(tc, "descr", "the file has no name, is nobody else's "
	    "to read, and is closed on exec");
}
ATF_TC_BODY(nameless, tc)
{
	struct stat st;
	struct body b;
	int flags;

	ATF_REQUIRE_EQ(mkdir("spool", 0700), 0);
	(void)umask(0);
	body_init(&b, 0, "spool");
	ATF_REQUIRE_EQ(body_append(&b, "x", 1), 0);
	ATF_REQUIRE(b.fd != -1);
	ATF_CHECK_EQ(entries("spool"), 0);
	flags = fcntl(b.fd, F_GETFD);
	ATF_REQUIRE(flags != -1);
	ATF_CHECK((flags & FD_CLOEXEC) != 0);
	ATF_REQUIRE_EQ(fstat(b.fd, &st), 0);
	ATF_CHECK(S_ISREG(st.st_mode));
	ATF_CHECK_EQ(st.st_nlink, 0);
	ATF_CHECK_EQ(st.st_mode & 077, 0);
	body_clear(&b);
	ATF_CHECK_EQ(entries("spool"), 0);
}

/* A directory that cannot be used; the body must not notice. */
static void
useless_directory(const char *directory, int expected)
{
	const unsigned char *bytes = pattern();
	int free_fd = lowest();
	struct body b;

	body_init(&b, 100, directory);
	ATF_REQUIRE_EQ(body_append(&b, bytes, 60), 0);
	errno = 0;
	ATF_CHECK_EQ_MSG(body_append(&b, bytes + 60, 60), -1, "%s", directory);
	ATF_CHECK_EQ_MSG(errno, expected, "%s: %s", directory, strerror(errno));
	ATF_CHECK_EQ(b.fd, -1);
	same(&b, 60, SIZE_MAX);
	ATF_CHECK_EQ(lowest(), free_fd);
	/* What still fits still goes in. */
	ATF_REQUIRE_EQ(body_append(&b, bytes + 60, 40), 0);
	same(&b, 100, 7);
	/* And with a directory it goes on. */
	b.directory = ".";
	ATF_REQUIRE_EQ(body_append(&b, bytes + 100, 1), 0);
	same(&b, 101, SIZE_MAX);
	body_clear(&b);
}

ATF_TC(directory_missing);
ATF_TC_HEAD(directory_missing, tc)
{
	atf_tc_set_md_var(tc, "descr", "without a directory the append fails "
	    "and the body is as before");
}
ATF_TC_BODY(directory_missing, tc)
{
	int fd = open("file", O_WRONLY | O_CREAT, 0600);

	ATF_REQUIRE(fd != -1);
	(void)close(fd);
	useless_directory("missing", ENOENT);
	useless_directory("file", ENOTDIR);
}

ATF_TC(directory_forbidden);
ATF_TC_HEAD(directory_forbidden, tc)
{
	atf_tc_set_md_var(tc, "descr", "where no file may be made the append "
	    "fails and the body is as before");
}
ATF_TC_BODY(directory_forbidden, tc)
{
	ATF_REQUIRE_EQ(chmod(".", 0777), 0);
	ATF_REQUIRE_EQ(mkdir("spool", 0555), 0);
	/* The superuser may do all: be somebody else. */
	if (geteuid() == 0 && seteuid(65534) == -1)
		atf_tc_skip("cannot become another user");
	useless_directory("spool", EACCES);
	ATF_REQUIRE_EQ(seteuid(getuid()), 0);
	ATF_CHECK_EQ(entries("spool"), 0);
}

/* Files may grow to this size only, in place of a disk that is full. */
static void
file_size(rlim_t soft)
{
	struct rlimit r;

	ATF_REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = soft == RLIM_INFINITY ? r.rlim_max : soft;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &r), 0);
}

ATF_TC(disk_full);
ATF_TC_HEAD(disk_full, tc)
{
	atf_tc_set_md_var(tc, "descr", "when a file cannot grow the append "
	    "fails, the body is as before, and can grow later");
}
ATF_TC_BODY(disk_full, tc)
{
	const unsigned char *bytes = pattern();
	int error, free_fd = lowest(), i, r;
	struct body b;

	ATF_REQUIRE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	body_init(&b, 100, ".");
	ATF_REQUIRE_EQ(body_append(&b, bytes, 5000), 0);
	same(&b, 5000, SIZE_MAX);

	/* A part of the piece can be written, then nothing at all. */
	for (i = 0; i < 2; i++) {
		file_size(8000);
		errno = 0;
		r = body_append(&b, bytes + 5000, 5000);
		error = errno;
		file_size(RLIM_INFINITY);
		ATF_CHECK_EQ(r, -1);
		ATF_CHECK_EQ_MSG(error, EFBIG, "%s", strerror(error));
		same(&b, 5000, SIZE_MAX);
		same(&b, 5000, 9);
	}

	/* What went in by half does not show through. */
	ATF_REQUIRE_EQ(body_append(&b, bytes + 5000, 10), 0);
	same(&b, 5010, SIZE_MAX);
	ATF_REQUIRE_EQ(body_append(&b, bytes + 5010, 4990), 0);
	same(&b, 10000, SIZE_MAX);
	body_clear(&b);
	ATF_CHECK_EQ(lowest(), free_fd);
}

ATF_TC(disk_full_at_once);
ATF_TC_HEAD(disk_full_at_once, tc)
{
	atf_tc_set_md_var(tc, "descr", "when the move from memory to a file "
	    "fails the body is as before");
}
ATF_TC_BODY(disk_full_at_once, tc)
{
	/* In what was in memory, at its end, and in the new piece. */
	static const rlim_t limits[] = { 0, 1, 59, 60, 61, 119 };
	const unsigned char *bytes = pattern();
	int error, free_fd = lowest(), r;
	struct body b;
	size_t i;

	ATF_REQUIRE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	for (i = 0; i < COUNT(limits); i++) {
		body_init(&b, 100, ".");
		ATF_REQUIRE_EQ(body_append(&b, bytes, 60), 0);
		file_size(limits[i]);
		errno = 0;
		r = body_append(&b, bytes + 60, 60);
		error = errno;
		file_size(RLIM_INFINITY);
		ATF_CHECK_EQ(r, -1);
		ATF_CHECK_EQ_MSG(error, EFBIG, "%s", strerror(error));
		same(&b, 60, SIZE_MAX);
		ATF_REQUIRE_EQ(body_append(&b, bytes + 60, 20), 0);
		ATF_REQUIRE_EQ(body_append(&b, bytes + 80, 200), 0);
		same(&b, 280, 11);
		body_clear(&b);
		ATF_CHECK_EQ(lowest(), free_fd);
		ATF_CHECK_EQ(entries("."), 0);
	}
}

ATF_TC(two);
ATF_TC_HEAD(two, tc)
{
	atf_tc_set_md_var(tc, "descr", "two bodies at a time do not mix");
}
ATF_TC_BODY(two, tc)
{
	const unsigned char *bytes = pattern();
	struct body a, b;
	size_t i;

	body_init(&a, 500, ".");
	body_init(&b, 700, ".");
	for (i = 0; i < 100; i++) {
		ATF_REQUIRE_EQ(body_append(&a, bytes + i * 10, 10), 0);
		ATF_REQUIRE_EQ(body_append(&b, bytes + i * 20, 20), 0);
	}
	ATF_CHECK(a.fd != b.fd);
	same(&a, 1000, 100);
	same(&b, 2000, 100);
	body_clear(&a);
	same(&b, 2000, 65535);
	body_clear(&b);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, limit);
	ATF_TP_ADD_TC(tp, once);
	ATF_TP_ADD_TC(tp, reads);
	ATF_TP_ADD_TC(tp, chunks);
	ATF_TP_ADD_TC(tp, lines);
	ATF_TP_ADD_TC(tp, reuse);
	ATF_TP_ADD_TC(tp, nameless);
	ATF_TP_ADD_TC(tp, directory_missing);
	ATF_TP_ADD_TC(tp, directory_forbidden);
	ATF_TP_ADD_TC(tp, disk_full);
	ATF_TP_ADD_TC(tp, disk_full_at_once);
	ATF_TP_ADD_TC(tp, two);

	return (atf_no_error());
}
