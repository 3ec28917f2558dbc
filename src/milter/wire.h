/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * wire.h - the milter protocol's numbers, versions 2 to 6.
 * Source: libmilter's public interface (mfdef.h of Sendmail 8.17) and the
 * behaviour of Sendmail 8.17 and Postfix 3.7.
 */
#ifndef MILTER_WIRE_H
#define MILTER_WIRE_H

#define MILTER_LEN_BYTES	4
#define MILTER_OPTLEN		12	/* payload of an option frame */
#define MILTER_CHUNK_SIZE	65535	/* largest payload to a child */
#define MILTER_VERSION_MIN	2
#define MILTER_VERSION_MAX	6

/* Commands, MTA to milter. */
#define SMFIC_ABORT	'A'
#define SMFIC_BODY	'B'
#define SMFIC_CONNECT	'C'
#define SMFIC_MACRO	'D'
#define SMFIC_BODYEOB	'E'
#define SMFIC_HELO	'H'
#define SMFIC_QUIT_NC	'K'
#define SMFIC_HEADER	'L'
#define SMFIC_MAIL	'M'
#define SMFIC_EOH	'N'
#define SMFIC_OPTNEG	'O'
#define SMFIC_QUIT	'Q'
#define SMFIC_RCPT	'R'
#define SMFIC_DATA	'T'
#define SMFIC_UNKNOWN	'U'

/* Replies, milter to MTA. */
#define SMFIR_ADDRCPT		'+'
#define SMFIR_DELRCPT		'-'
#define SMFIR_ADDRCPT_PAR	'2'
#define SMFIR_SHUTDOWN		'4'	/* Postfix: 421 and disconnect */
#define SMFIR_ACCEPT		'a'
#define SMFIR_REPLBODY		'b'
#define SMFIR_CONTINUE		'c'
#define SMFIR_DISCARD		'd'
#define SMFIR_CHGFROM		'e'
#define SMFIR_CONN_FAIL		'f'	/* defined, used by nobody */
#define SMFIR_ADDHEADER		'h'
#define SMFIR_INSHEADER		'i'
#define SMFIR_SETSYMLIST	'l'	/* a name only, see option.h */
#define SMFIR_CHGHEADER		'm'
#define SMFIR_PROGRESS		'p'
#define SMFIR_QUARANTINE	'q'
#define SMFIR_REJECT		'r'
#define SMFIR_SKIP		's'
#define SMFIR_TEMPFAIL		't'
#define SMFIR_REPLYCODE		'y'

/* Action flags: what a milter may send at end of message. */
#define SMFIF_ADDHDRS		0x00000001u
#define SMFIF_CHGBODY		0x00000002u
#define SMFIF_ADDRCPT		0x00000004u
#define SMFIF_DELRCPT		0x00000008u
#define SMFIF_CHGHDRS		0x00000010u
#define SMFIF_QUARANTINE	0x00000020u
#define SMFIF_CHGFROM		0x00000040u
#define SMFIF_ADDRCPT_PAR	0x00000080u
#define SMFIF_SETSYMLIST	0x00000100u
#define SMFIF_V1_ACTS		0x0000000fu
#define SMFIF_ALL		0x000001ffu

/* Protocol flags.  From the MTA: "can"; from the milter: "do". */
#define SMFIP_NOCONNECT		0x00000001u
#define SMFIP_NOHELO		0x00000002u
#define SMFIP_NOMAIL		0x00000004u
#define SMFIP_NORCPT		0x00000008u
#define SMFIP_NOBODY		0x00000010u
#define SMFIP_NOHDRS		0x00000020u
#define SMFIP_NOEOH		0x00000040u
#define SMFIP_NR_HDR		0x00000080u
#define SMFIP_NOUNKNOWN		0x00000100u
#define SMFIP_NODATA		0x00000200u
#define SMFIP_SKIP		0x00000400u
#define SMFIP_RCPT_REJ		0x00000800u
#define SMFIP_NR_CONN		0x00001000u
#define SMFIP_NR_HELO		0x00002000u
#define SMFIP_NR_MAIL		0x00004000u
#define SMFIP_NR_RCPT		0x00008000u
#define SMFIP_NR_DATA		0x00010000u
#define SMFIP_NR_UNKN		0x00020000u
#define SMFIP_NR_EOH		0x00040000u
#define SMFIP_NR_BODY		0x00080000u
#define SMFIP_HDR_LEADSPC	0x00100000u
#define SMFIP_V1_PROT		0x0000003fu
#define SMFIP_V2_PROT		0x0000007fu
#define SMFIP_NO_MASK		0x0000037fu
#define SMFIP_NR_MASK		0x000ff080u
#define SMFIP_ALL		0x001fffffu
/* Bits of private builds (MDS sizes): masked out in both directions. */
#define SMFIP_INTERNAL		0x70000000u

/* Address family byte of SMFIC_CONNECT. */
#define SMFIA_UNKNOWN	'U'
#define SMFIA_UNIX	'L'
#define SMFIA_INET	'4'
#define SMFIA_INET6	'6'

/* Stages of macro lists; note 5 before 6. */
#define SMFIM_CONNECT	0
#define SMFIM_HELO	1
#define SMFIM_ENVFROM	2
#define SMFIM_ENVRCPT	3
#define SMFIM_DATA	4
#define SMFIM_EOM	5
#define SMFIM_EOH	6
#define SMFIM_N		7

#endif /* MILTER_WIRE_H */
