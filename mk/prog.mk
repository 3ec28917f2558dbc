# prog.mk - the program, from its objects.  Every variant (plain, sanitize,
# kqueue, kqueue-sanitize) has a folder of its own below build/, so that
# objects made with different knobs never meet.

VARIANT=	plain
MM_CFLAGS=	-std=c99 -Os -Wall -Wextra
MM_CPPFLAGS=	-Isrc -Icompat -DMM_SYSCONFDIR='"${CONFDIR}"'
MM_LDFLAGS=

.if "${KQUEUE_SHIM}" != "0"
VARIANT=	kqueue
MM_CPPFLAGS+=	-DHAVE_KQUEUE=1 -Itests/atf/kqueue_shim
MM_SRCS=	${SRCS} ${SHIM_SRCS}
.else
MM_SRCS=	${SRCS}
.endif

.if "${SANITIZE}" != "0"
.if "${VARIANT}" == "plain"
VARIANT=	sanitize
.else
VARIANT=	kqueue-sanitize
.endif
MM_CFLAGS+=	-O1 -g -fno-omit-frame-pointer \
		-fsanitize=address,undefined -fno-sanitize-recover=all
MM_LDFLAGS+=	-fsanitize=address,undefined
.endif

B=		build/${VARIANT}
COMPILE=	${CC} ${MM_CFLAGS} ${CFLAGS} ${MM_CPPFLAGS} ${CPPFLAGS}

# The one that people run lies at the top; others stay with their objects.
.if "${VARIANT}" == "plain"
PROGRAM=	milter-manager
.else
PROGRAM=	$B/milter-manager
.endif

# The tree is small: every object depends on every header.
.for f in ${MM_SRCS}
$B/${f:.c=.o}: ${f} ${HDRS} ${SHIM_HDRS}
	@mkdir -p ${@D}
	${COMPILE} -c -o $@ ${f}
.endfor

OBJS=		${MM_SRCS:S|^|$B/|:.c=.o}
LIB=		$B/libmm.a

# Everything but main(), for the C tests and fuzz targets.
${LIB}: ${OBJS:N*/src/main.o}
	rm -f $@
	ar rcs $@ ${OBJS:N*/src/main.o}

${PROGRAM}: $B/src/main.o ${LIB}
	${CC} ${MM_CFLAGS} ${CFLAGS} ${MM_LDFLAGS} ${LDFLAGS} -o $@ \
	    $B/src/main.o ${LIB} ${LIBS}

all: ${PROGRAM}

# build/tools (cross compiler, Sendmail) takes a download, so it stays.
clean:
	@test ! -d build || find build -mindepth 1 -maxdepth 1 ! -name tools \
	    -exec rm -rf {} +
	rm -f milter-manager milter-manager.c

distclean: clean
	rm -rf build

.PHONY: all clean distclean
