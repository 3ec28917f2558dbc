# amalgamation.mk - the whole program as one C file that needs no flag.

amalgamation: milter-manager.c

milter-manager.c: ${SRCS} ${HDRS} LICENSE mk/amalgamate.sh
	sh mk/amalgamate.sh ${SRCS} > $@.tmp
	mv $@.tmp $@

build/amalgamation/milter-manager: milter-manager.c
	@mkdir -p ${@D}
	${CC} -Os -o $@ milter-manager.c

.PHONY: amalgamation
