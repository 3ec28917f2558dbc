# Makefile - for bmake and the make of the BSDs; README.md tells the targets.
# Only the knobs are here; each file of mk/ does one job.

# Set SANITIZE=1 for AddressSanitizer and UndefinedBehaviorSanitizer.
SANITIZE?=	0
# Set KQUEUE_SHIM=1 to build the kqueue back end over the stand-in of the
# tests, on a system without kqueue.
KQUEUE_SHIM?=	0

PREFIX?=	/usr/local
# The default is what compat/compat.h has, for a build without this file.
UNAME!=		uname
.if "${UNAME}" == "Linux"
SYSCONFDIR?=	/etc
.else
SYSCONFDIR?=	/usr/local/etc
.endif
CONFDIR?=	${SYSCONFDIR}/milter-manager
MANDIR?=	${PREFIX}/share/man
BINDIR?=	${PREFIX}/bin
SBINDIR?=	${PREFIX}/sbin

all:

.include "mk/files.mk"
.include "mk/prog.mk"
.include "mk/amalgamation.mk"
.include "mk/static.mk"
.include "mk/test.mk"
.include "mk/fuzz.mk"
.include "mk/lint.mk"
.include "mk/cross.mk"
.include "mk/bench.mk"
.include "mk/install.mk"
