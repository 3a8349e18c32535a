"""The languages that file names speak of: `en`, `eng`, `English`, `pt-br` → one BCP 47 tag."""

from __future__ import annotations

import functools
import re

# Rows of ISO 639-1 or 639-3, ISO 639-2, and what people write instead: names, old codes, countries.
_TABLE = """
aa aar; ab abk; ae ave; af afr afrikaans; ak aka; am amh amharic; an arg; ar ara arabic; as asm; av ava;
ay aym; az aze azerbaijani; ba bak; be bel belarusian; bg bul bulgarian; bi bis; bm bam; bn ben bengali;
bo tib bod tibetan; br bre breton; bs bos bosnian; ca cat catalan català; ce che; ch cha;
co cos corsican; cr cre; cs cze ces czech čeština cz; cu chu; cv chv; cy wel cym welsh;
da dan danish dansk dk; de ger deu german deutsch; dv div; dz dzo; ee ewe; el gre ell greek gr;
en eng english; eo epo esperanto; es spa spanish español espanol castellano; et est estonian;
eu baq eus basque euskara; fa per fas persian farsi; ff ful; fi fin finnish suomi; fj fij;
fo fao faroese; fr fre fra french français francais; fy fry frisian; ga gle irish; gd gla;
gl glg galician galego; gn grn; gu guj gujarati; gv glv; ha hau hausa; he heb hebrew iw; hi hin hindi;
ho hmo; hr hrv croatian hrvatski scr; ht hat; hu hun hungarian magyar; hy arm hye armenian; hz her; ia ina;
id ind indonesian; ie ile; ig ibo igbo; ii iii; ik ipk; io ido; is ice isl icelandic;
it ita italian italiano; iu iku; ja jpn jap japanese 日本語 jp; jv jav javanese jw; ka geo kat georgian;
kg kon; ki kik; kj kua; kk kaz kazakh; kl kal; km khm khmer; kn kan kannada; ko kor korean 한국어; kr kau;
ks kas; ku kur kurdish; kv kom; kw cor; ky kir kyrgyz; la lat latin; lb ltz luxembourgish; lg lug; li lim;
ln lin; lo lao; lt lit lithuanian; lu lub; lv lav latvian; mg mlg malagasy; mh mah; mi mao mri maori;
mk mac mkd macedonian; ml mal malayalam; mn mon mongolian; mr mar marathi; ms may msa malay;
mt mlt maltese; my bur mya burmese; na nau; nb nob; nd nde; ne nep nepali; ng ndo;
nl dut nld dutch nederlands; nn nno; no nor norwegian norsk; nr nbl; nv nav; ny nya; oc oci occitan;
oj oji; om orm; or ori; os oss; pa pan punjabi; pi pli; pl pol polish polski; ps pus pashto;
pt por portuguese português portugues; qu que quechua; rm roh; rn run; ro rum ron romanian română;
ru rus russian русский; rw kin; sa san sanskrit; sc srd; sd snd; se sme; sg sag; si sin sinhala;
sk slo slk slovak; sl slv slovenian; sm smo; sn sna; so som somali; sq alb sqi albanian;
sr srp serbian srpski scc; ss ssw; st sot; su sun; sv swe swedish svenska; sw swa swahili; ta tam tamil;
te tel telugu; tg tgk tajik; th tha thai; ti tir; tk tuk turkmen; tl tgl tagalog fil filipino; tn tsn;
to ton; tr tur turkish türkçe; ts tso; tt tat tatar; tw twi; ty tah; ug uig uyghur;
uk ukr ukrainian українська ua; ur urd urdu; uz uzb uzbek; ve ven; vi vie vietnamese vn; vo vol; wa wln;
wo wol; xh xho xhosa; yi yid yiddish ji; yo yor yoruba; za zha; zh chi zho chinese mandarin 中文 cmn;
zu zul zulu;
ast asturian; bho bhojpuri; ceb cebuano; ckb; doi dogri; gsw; haw hawaiian; hmn hmong; ilo ilocano; kri;
lus; mai maithili; nan; nds; nso; sco; wuu
"""
_LOCAL_NAMES = {
    "brazilian": "pt-BR",
    "pob": "pt-BR",
    "latino": "es-419",
    "ptbr": "pt-BR",
    "chs": "zh-Hans",
    "chi-sim": "zh-Hans",
    "简体": "zh-Hans",
    "simplified": "zh-Hans",
    "cht": "zh-Hant",
    "chi-tra": "zh-Hant",
    "繁體": "zh-Hant",
    "traditional": "zh-Hant",
    "cn": "zh-CN",
    "cantonese": "yue",
    "yue": "yue",
    "und": "und",
    "mul": "mul",
}
# ISO 3166-1; `en` and `ja` after a language are another language, not a region.
_REGIONS = """
ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz
ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo
fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je
jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo
mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw
py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm
tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws xk ye yt za zm zw
"""
# `hi` and `cc` after a language mean "for the hard of hearing", not a region.
_TAG = re.compile(r"([a-z]{2,3})(?:-(hans|hant|latn|cyrl|arab))?(?:-(?!hi|cc)([a-z]{2}|[0-9]{3}))?", re.ASCII)

# What a text of the language was written in before Unicode; Western where it is not listed.
_CODE_PAGES = {
    "cp1250": "bs cs hr hu pl ro sk sl sq",
    "cp1251": "be bg kk mk ru sr uk",
    "cp1253": "el",
    "cp1254": "az tr",
    "cp1255": "he yi",
    "cp1256": "ar fa ur",
    "cp1257": "et lt lv",
    "cp1258": "vi",
    "cp874": "th",
    "cp932": "ja",
    "cp949": "ko",
    "gb18030": "zh-Hans zh-CN zh-SG",
    "big5": "zh-Hant zh-TW zh-HK",
}
WESTERN = "cp1252"


def language_of(word: str) -> str | None:
    """The BCP 47 tag that a code, tag or name stands for (`eng` → `en`, `zh-hans` → `zh-Hans`), or None."""
    word = word.casefold()
    if word in _LOCAL_NAMES:
        return _LOCAL_NAMES[word]
    if word in _codes():
        return _codes()[word]
    parts = _TAG.fullmatch(word)
    primary = _codes().get(parts[1]) if parts else None
    if parts is None or primary is None:
        return None
    script, region = parts[2], parts[3]
    if region is not None and region.isalpha() and region not in _REGIONS.split():
        return None
    return "-".join(filter(None, (primary, script and script.title(), region and region.upper())))


def code_page_of(language: str | None) -> str | None:
    """The usual encoding of a language's texts before Unicode; None where a language has several."""
    if language is None:
        return WESTERN
    for code_page, tags in _CODE_PAGES.items():
        if any(language == tag or language.startswith(f"{tag}-") for tag in tags.split()):
            return code_page
    return None if language.startswith("zh") else WESTERN


@functools.cache
def _codes() -> dict[str, str]:
    """Every code and name of the table → ISO 639-1."""
    rows = (row.split() for row in _TABLE.split(";"))
    return {word: row[0] for row in rows for word in row}
