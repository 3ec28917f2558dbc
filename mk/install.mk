# install.mk - the installed files.  PREFIX, SYSCONFDIR and MANDIR say where,
# DESTDIR goes before all of them; needs no root when that is writable.
# The live configuration is written only when there is none.
# START is whose start script is installed: freebsd, netbsd, openbsd, systemd,
# openrc, procd, none, or auto for what this system has; RCDIR is the folder.

INSTALL?=	install
SAMPLE=		etc/milter-manager.conf.sample
CONF=		${CONFDIR}/milter-manager.conf
START?=		auto
RCDIR?=		auto
START_SCRIPT=	'${START}' '${CONF}' '${SBINDIR}' '${RCDIR}' '${DESTDIR}'

install: ${PROGRAM}
	${INSTALL} -d -m 755 ${DESTDIR}${SBINDIR} ${DESTDIR}${BINDIR} \
	    ${DESTDIR}${CONFDIR} ${DESTDIR}${MANDIR}/man1 \
	    ${DESTDIR}${MANDIR}/man5 ${DESTDIR}${MANDIR}/man8
	${INSTALL} -m 755 ${PROGRAM} ${DESTDIR}${SBINDIR}/milter-manager
	@# A link that stays right when PREFIX is moved as a whole.
	@for tool in milter-test-server milter-test-client \
	    milter-manager-replay milter-manager-explain \
	    milter-manager-import milter-manager-detect \
	    milter-manager-control milter-manager-top; do \
		echo "ln -sf milter-manager ${DESTDIR}${BINDIR}/$$tool"; \
		sh mk/link.sh "${SBINDIR}/milter-manager" \
		    "${DESTDIR}${BINDIR}" "${BINDIR}" $$tool || exit 1; done
	@for page in man/*.[158]; do \
		test -f $$page || continue; \
		dir=${DESTDIR}${MANDIR}/man$${page##*.}; \
		echo "${INSTALL} -m 644 $$page $$dir/"; \
		${INSTALL} -m 644 $$page $$dir/ || exit 1; done
	${INSTALL} -m 644 ${SAMPLE} ${DESTDIR}${CONF}.sample
	@if test -e ${DESTDIR}${CONF} || test -L ${DESTDIR}${CONF}; then \
		echo "${DESTDIR}${CONF} is there, left alone"; \
	else \
		echo "${INSTALL} -m 644 ${SAMPLE} ${DESTDIR}${CONF}"; \
		${INSTALL} -m 644 ${SAMPLE} ${DESTDIR}${CONF}; fi
	@sh mk/start.sh install ${START_SCRIPT} '${INSTALL}'

# Leaves the live configuration.
uninstall:
	rm -f ${DESTDIR}${SBINDIR}/milter-manager ${DESTDIR}${CONF}.sample \
	    ${DESTDIR}${BINDIR}/milter-test-server \
	    ${DESTDIR}${BINDIR}/milter-test-client \
	    ${DESTDIR}${BINDIR}/milter-manager-replay \
	    ${DESTDIR}${BINDIR}/milter-manager-explain \
	    ${DESTDIR}${BINDIR}/milter-manager-import \
	    ${DESTDIR}${BINDIR}/milter-manager-detect \
	    ${DESTDIR}${BINDIR}/milter-manager-control \
	    ${DESTDIR}${BINDIR}/milter-manager-top
	@for page in man/*.[158]; do \
		rm -f ${DESTDIR}${MANDIR}/man$${page##*.}/$${page##*/}; done
	@sh mk/start.sh uninstall ${START_SCRIPT}

.PHONY: install uninstall
