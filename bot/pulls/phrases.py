"""List phrases by which people reject a finding, agree or leave it open.

There is a set for each of the languages that replies come in. They are patterns over text that :mod:`bot.pulls.replies`
has made plain: small letters, straight quotes, no short forms of "not" in English ("won't" is "will not"). A language
that is missing here rejects nothing: the finding stays open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_NEVER = r"(?!)"
# Behind "I do not think," the clause with "that" belongs to it.
_MARKS = r"[;:()、،؛]|,(?! ?(?:что|чтобы|dass|ob)\b)|\s[-–—]+\s|—|\s/\s"


@dataclass(frozen=True)
class Language:
    """Patterns of one language.

    ``rejects`` says that the finding is wrong or not wanted; ``denies`` does so only where nothing in the reply is
    thankful, affirms or tells of a change; ``disagrees`` and ``refuses`` (a whole sentence) are against whoever spoke
    before. ``mends`` announces a fix or admits the fault,
    ``changes`` tells of a change, ``praises`` the finding, ``thanks`` is thankful or affirms. Inside a clause
    ``negates`` before (or ``negated`` behind) a rejection turns it round and ``doubts`` take it back; a clause that
    begins with one of ``ifs`` does so to its neighbours. ``turns`` is contrast, ``reasons`` begins a reason.
    ``spaced``: blanks part its words.
    """

    rejects: str
    denies: str
    disagrees: str
    refuses: str
    mends: str
    changes: str
    praises: str
    thanks: str
    doubts: str
    ifs: str
    negates: str
    turns: str
    reasons: str
    negated: str = _NEVER
    spaced: bool = True

    @cached_property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        """Return the compiled patterns by name."""
        edges = (r"(?<!\w)(?:", r")(?!\w)") if self.spaced else ("(?:", ")")
        names = [name for name in self.__dataclass_fields__ if name != "spaced"]
        return {name: re.compile(getattr(self, name).join(edges)) for name in names}

    @cached_property
    def breaks(self) -> re.Pattern[str]:
        """Return what parts clauses; contrast and reason are named groups."""
        turn, reason = (self.patterns[name].pattern for name in ("turns", "reasons"))
        return re.compile(f"{_MARKS}|(?P<turn>{turn})|(?P<reason>{reason})")


_FAULT = r"(?:bug|issue|problem|error|defect|concern|vulnerability|regression|race|leak|mistake)"
_REAL = r"(?:real |actual |true |genuine |valid )?"
_FINDING = r"(?:finding|comment|review|claim|report|remark|suggestion|analysis|warning|bot|reviewer|you)"
_VERY = r"(?:just |simply |plain |plainly |completely |totally |entirely |clearly |actually |really |quite )?"
_DO = r"(?:fix|change|do|address|touch|implement|add|bother|handle|support|merge|apply|pursue)"
_DONE_FOR = r"(?:handled|checked|validated|guarded|covered|caught|saniti[sz]ed|verified|enforced|escaped)"
_EMPTY = r"(?:empty|null|none|nil|negative|zero|undefined|missing|reached|triggered|hit)"

ENGLISH = Language(
    rejects=(
        rf"not {_VERY}an? {_REAL}{_FAULT}|no {_REAL}{_FAULT}(?: here| at all)|"
        rf"there is no {_REAL}{_FAULT}|is no {_REAL}(?:bug|error)|see no {_REAL}{_FAULT}|"
        rf"do not (?:think|believe|feel)(?: that)? (?:this|that|it|there) is {_VERY}(?:an? |any ){_REAL}{_FAULT}|"
        rf"do not (?:consider|see|regard) (?:this |that |it )?(?:as )?(?:an? |any ){_REAL}{_FAULT}|"
        r"false[- ]?(?:positives?|alarm)|by design|as designed|"
        r"(?:is|are|was|were|it|as|that|this|fully|totally|entirely|quite|completely|absolutely|definitely|very much) "
        r"intended(?! (?:to|for|fix|use|target|input|as|audience))|(?:what|how) (?:i|we) intended(?: it)?|"
        r"intended (?:behaviou?r|semantics|design|result|outcome)(?! (?:is|was|would|should)\b)|^intended$|"
        r"expected behaviou?r(?! (?:is|was|would|should)\b)|(?:this|that|it|which) is (?:all )?expected(?! to\b)|"
        r"(?:works|working|behaves|behaving) as expected|"
        r"intentional(?:ly)?|on purpose|deliberate(?:ly)?|"
        rf"wo?n'?t ?fix|wont-fix|will not {_DO}|(?:will|does|need|must) not (?:be|get) (?:fixed|changed|addressed)|"
        rf"not (?:going to|gonna|planning to|about to) {_DO}|not (?:fixing|changing) (?:this|that|it)|"
        r"no (?:plans?|intention) (?:to|of)|decided (?:not to|against)|will not be (?:changing|fixing)|"
        r"not applicable|not relevant|^n/a$|non-?issue|does not apply|(?:out|outside)[ -]of[ -]scope|not in scope|"
        rf"{_FINDING} (?:is|are) {_VERY}(?:not (?:valid|true|correct|right|relevant)|wrong|incorrect|invalid|"
        r"mistaken|bogus|nonsense|irrelevant|moot|hallucinat(?:ed|ing)|misreading|misunderstanding)|"
        r"^(?:that|this) is (?:just |simply )?(?:not (?:true|the case|how (?:it|this|that) works)|nonsense|bogus)$|"
        r"^(?:(?:this|that|it) is (?:an? )?)?hallucinat(?:ion|ed)|^not true$|"
        r"(?:you|bot|review|reviewer|finding|it) (?:\w+ )?(?:misread|misreads|misunderstood|misunderstands)|"
        r"how (?:it|this|that) is (?:supposed|meant) to (?:work|be|behave)|"
        r"(?:that|this) is not how [\w ]{1,30} works?|"
        r"^nothing (?:is )?wrong(?: here| with (?:this|that|it|the code))?(?! with\b)|"
        r"not (?:wrong|incorrect|broken|buggy)"
    ),
    denies=(
        rf"can ?not (?:ever |actually |really |possibly |even )?(?:happen|occur|arise|fail|be {_EMPTY})|"
        rf"(?:never|not ever) (?:happens?|occurs?|empty|null|called with|be {_EMPTY})|"
        r"will (?:not|never) (?:ever )?happen|"
        r"(?:is|are) impossible(?! to)|"
        r"no need(?: to| for)?|not (?:needed|necessary|required|worth)|unnecessary|"
        r"(?:we|i|you) do not (?:need|want|support|care)|nothing to (?:fix|change|do)|"
        r"(?:this|that|it) is (?:perfectly |totally |completely |just )?(?:fine|ok|okay|harmless|safe)(?: here)?$|"
        r"^harmless$|no (?:changes?|action|fix) (?:is |are )?(?:needed|required|necessary)|"
        rf"already (?:being )?{_DONE_FOR}(?: against)?(?: that| this| it| for)* (?:by|in|above|below|upstream|"
        rf"elsewhere|earlier|before|at|when|on)|{_DONE_FOR} (?:upstream|elsewhere|by the "
        r"(?:callers?|middleware|framework|parser|schema|validator|router|compiler|type checker|decorator))|"
        r"(?:fine|ok|okay|good|keep|leave|correct)(?: it| this| that)? (?:as|the way) (?:(?:it|this|that) )?is"
    ),
    disagrees=r"disagree(?! that\b)|do not agree(?! that\b)|do not think so",
    refuses=(
        r"no|nope|nah|no way|no thanks|no thank you|wrong|incorrect|invalid|"
        r"nonsense|rejected|declined|irrelevant|(?:please )?(?:ignore|dismiss)(?: (?:this|it))?|dismissed|"
        r"leave it|(?:leaving|keeping)(?: (?:this|it))? as is|👎[\U0001f3fb-\U0001f3ff]?|fp|"
        r"wai"
    ),
    mends=(
        r"(?:fixed(?! (?:size|length|width|number|list|set|order|at)\b)|corrected|"
        r"(?:addressed|resolved)(?! by\b(?! #?\d)))|"
        r"^(?:all )?done(?: (?:in|with|now|too|here|as suggested)|$)|(?:am|are|is|be) fixing|"
        r"^fixing(?: it| this| that)?(?: now| today| asap)?$|(?:will|let me|let us|going to|gonna|want to|need to|"
        r"have to|must|should|could|would) (?:\w+ )?(?:fix|address|correct|rework|rewrite|take care|do (?:that|so|"
        r"it)|look into|push|guard|revert)|"
        r"will (?:be )?(?:do|fixed|change|changed|update|add|remove|handle|file|open)|"
        r"(?:i|we) will(?! (?:not|never|leave|keep|ignore|dismiss|close|resolve)\b)|(?:next|latest|last|new|"
        r"upcoming|subsequent|following) (?:push|commit|revision|version|pr|patch|iteration)|"
        r"needs? (?:an? )?fix(?:ing)?|let us (?:drop|remove|change|delete|use|keep)|follow[- ]?up|"
        r"in (?=[a-f]*\d)[0-9a-f]{7,40}|(?:force-)?pushed|pushing|"
        r"(?:you|the (?:bot|review|reviewer|comment|finding)|forgehand) (?:is|are) (?:\w+ )?(?:right|correct)|"
        r"(?:i |we |totally |fully |completely )?agreed?(?: with you)?|point taken|"
        r"my (?:bad|mistake|fault|oversight)|an oversight|"
        r"(?:^|i |we )(?:have |had |just |completely |totally |must have )*(?:overlooked|missed|forgot)|"
        r"(?:^|i |we )(?:did|had|have) not (?:think|thought|reali[sz]e|notice|consider|see|seen)(?:d|ed)?|oops|"
        r"ouch|whoops|damn|(?:is|was|definitely|indeed) an? (?:\w+ )?bug|"
        r"makes (?:this|it|that) an? (?:\w+ )?(?:bug|problem|issue)|"
        r"(?:is|was) (?:an? )?(?:real|valid|true) (?:bug|issue|problem|point|concern|finding)|"
        r"^valid (?:point|concern|finding)|(?:has|have) a point|^fair (?:point|enough)|can reproduce|reproduced|"
        r"wip|^on it$|^(?:that |this )?makes sense$|^sounds good"
    ),
    changes=(
        r"added|changed|removed|updated|reworked|refactored|rewrote|rewritten|replaced|renamed|moved|guarded|"
        r"reverted|switched|dropped|deleted|simplified|extracted|inlined|made|introduced|wrapped|opened|filed|"
        r"adjusted|tightened|applied|adopted|committed|merged|restored|restores|handled now|now handled|we now|"
        r"now we|it now|this now|i now|now (?:raises|returns|checks|validates|rejects|handles)"
    ),
    praises=(
        r"(?:good|great|nice|excellent|well|sharp|fantastic|awesome) (?:catch|find|finding|spot|spotted|point|"
        r"eyes?|one|call|idea|work|job)|well spotted|nicely spotted|great|perfect|awesome|^i see$|interesting"
    ),
    thanks=(
        r"thanks|thank you|thx|ty|cheers|much appreciated|appreciated?|yes|yep|yeah|yup|ok|okay|sure|right|true|"
        r"indeed|correct|exactly|sorry|ah|oh|hm+|ack|acknowledged|👍|:\+1:|\+1|✅"
    ),
    doubts=(
        r"if|unless|until|maybe|perhaps|might|may|possibly|probably|could|would|should|whether|wonder|not sure|"
        r"unsure|guess|seems?|seemed|looks?|looked|appears?|apparently|supposed|supposedly|assume|assumed|assuming|"
        r"thought|hoped|claims?|claimed|according to|thinks|believes|argues|told me|suggests?|say|says|said|wish|"
        r"hope|after|today|otherwise|with the new|any ?more|any longer|no longer|now|when|once|as long as|provided|"
        r"only|except|at first|initially|originally|used to|partly|partially|almost|attackers?|somebody|someone|"
        r"anyone|malicious|both|broken|before|with @[\w-]+|yet|for now|but|rather|instead|how"
    ),
    ifs=r"if|unless|until|when|once|assuming|provided|as long as|except|should",
    negates=(
        r"not|never|no|nor|neither|hardly|none|without|nothing|cannot|far from|by no means|anything but|disagree|"
        r"doubt|wrong|stop|nobody|kein|keine|keinen|nicht|pas|aucun|não|nunca|не|no es|isn"
    ),
    turns=(
        r"but(?! (?:a|an|in|of|rather|at)\b)|however|though|although|still|yet|nevertheless|unfortunately|that said"
    ),
    reasons=r"because|since|as (?:the|we|it|this|that|there|our)|so that|given that|due to",
)

GERMAN = Language(
    rejects=(
        r"^absicht|kein(?:e)? (?:echter? |wirklicher? )?(?:bug|fehler|problem|issue|lücke|schwachstelle)|fehlalarm|"
        r"falsch[- ]positiv|(?:so |ist |war |ja |genau so |durchaus )?(?:gewollt|beabsichtigt)|"
        r"(?:ist|war|mit|pure|reine|volle) absicht|absichtlich|gewolltes verhalten|bewusst so(?: \w+)?|"
        r"(?:ist|ganz|völlig) bewusst|per design|(?:erwartetes|gewünschtes) verhalten|"
        r"wird (?:hier )?nicht (?:behoben|gefixt|geändert|korrigiert|gemacht)|"
        r"(?:ändere|fixe|behebe|ändern|fixen|beheben) (?:ich|wir) (?:hier |das |es )?nicht|"
        r"(?:wir|ich) (?:ändern?|fixen?|beheben?) (?:das|es|dies) (?:hier )?nicht|trifft (?:hier |so )?nicht zu|"
        r"nicht zutreffend|stimmt (?:so |hier |einfach )?nicht|ist (?:hier )?nicht falsch|nicht relevant|"
        r"nicht teil (?:dieses|von)|"
        r"(?:halte|sehe) (?:ich )?(?:das |es )?(?:hier )?nicht (?:für|als) (?:einen? )?(?:bug|fehler|problem)"
    ),
    denies=(
        r"kann (?:hier |so |gar |eigentlich |das )*nicht (?:passieren|vorkommen|auftreten|eintreten|geschehen|"
        r"leer sein|null sein)|kommt (?:hier )?(?:nie|nicht) vor|passiert (?:hier )?(?:nie|nicht)|"
        r"(?:ist|wird) (?:hier )?nie (?:leer|null|negativ)|(?:ist )?unmöglich|"
        r"(?:brauchen|brauche|braucht|benötigen|wollen) (?:wir|ich|man|es|das)?(?: das| es| hier)* ?nicht|"
        r"nicht (?:nötig|notwendig|erforderlich)|unnötig|(?:kann|soll) so bleiben|passt so"
    ),
    disagrees=r"sehe (?:ich|das) (?:das |ich |hier )?anders|widerspreche|nicht einverstanden",
    refuses=r"nein|nö|ne|stimmt nicht|falsch|quatsch|unsinn|ablehnung|abgelehnt",
    mends=(
        r"behoben|gefixt|gefixed|korrigiert|erledigt|repariert|fixe (?:ich|das|es)|behebe (?:ich|das|es)|"
        r"ich (?:fixe|behebe|korrigiere|ändere)|wird (?:(?!nicht)\w+ )?(?:behoben|gefixt|korrigiert|geändert)|"
        r"mache ich|mach ich|nächsten? (?:push|commit|version)|ist gepusht|gepusht|"
        r"(?:du hast|sie haben|hast|da hast du|haben) (?:\w+ )?recht|mein fehler|"
        r"(?:habe ich |hab ich )?(?:übersehen|vergessen)|zugestimmt|stimme zu|ups|hoppla|guter punkt"
    ),
    changes=r"geändert|ergänzt|hinzugefügt|entfernt|angepasst|umgebaut|eingebaut|abgefangen|ersetzt",
    praises=r"gut (?:gesehen|erkannt|aufgepasst|gefunden)|guter (?:fund|hinweis|fang|einwand)|schön gesehen|super",
    thanks=(r"danke(?: dir| schön)?|vielen dank|merci|ja|jap|jep|ok|okay|stimmt|genau|richtig|klar|sorry|ach so|ah|oh"),
    doubts=(
        r"wenn|falls|sofern|solange|ob|vielleicht|eventuell|evtl|wohl|wahrscheinlich|vermutlich|möglicherweise|"
        r"könnte|würde|sollte|müsste|scheint|anscheinend|angeblich|dachte|glaubte|nicht sicher|unsicher|nicht mehr|"
        r"jetzt|nun|künftig|sobald|ausser|nur|ursprünglich|früher|teilweise|bis|sondern|noch"
    ),
    ifs=r"wenn|falls|sofern|solange|sobald|ausser|bis",
    negates=r"nicht|kein|keine|keinen|keiner|keinesfalls|nie|niemals|kaum|weder|ohne|bezweifle",
    turns=r"aber|jedoch|allerdings|trotzdem|dennoch|leider",
    reasons=r"weil|denn|da (?:die|der|das|wir|es)|siehe",
)

FRENCH = Language(
    rejects=(
        r"pas (?:vraiment )?(?:un|de) (?:vrai )?(?:bug|bogue|problème|erreur|défaut|souci)|"
        r"aucun (?:bug|problème|souci)|pas une (?:vraie )?erreur|faux[- ]positif|fausse alerte|"
        r"(?:c'est |est |tout à fait )?(?:voulu|volontaire|intentionnel(?:le)?|délibéré)|volontairement|exprès|"
        r"par conception|comportement (?:voulu|attendu|souhaité)|comme prévu|"
        r"(?:ne )?(?:sera|serait) pas (?:corrigé|changé|modifié)|"
        r"(?:ne )?(?:corrige|corrigerai|changerai|corrigerons|changerons|corrigera|changera|change) pas|"
        r"hors (?:sujet|périmètre|scope)|(?:ne )?s'applique pas|non applicable"
    ),
    denies=(
        r"(?:ne )?peut (?:pas|jamais) (?:arriver|se produire|survenir|être (?:vide|nul|null|négatif))|"
        r"n'arrive jamais|(?:c'est|est) impossible|(?:n'a|n'avons|a|avons) pas besoin|"
        r"pas (?:nécessaire|besoin|utile)|inutile|n'est jamais (?:vide|nul|null)"
    ),
    disagrees=r"(?:je ne suis |suis )?pas d'accord",
    refuses=r"non|faux|incorrect|n'importe quoi",
    mends=(
        r"corrigée?|réparé|résolu|réglé|^(?:c'est )?fait$|je (?:corrige|vais|m'en occupe)|on (?:corrige|va)|"
        r"sera (?:\w+ )?corrigé|prochain (?:push|commit)|poussé|tu as (?:\w+ )?raison|vous avez (?:\w+ )?raison|"
        r"mon erreur|ma faute|au temps pour moi|(?:j'ai )?oublié|pas vu|pas fait attention|oups|zut"
    ),
    changes=r"(?:j'ai )?(?:ajouté|changé|modifié|supprimé|remplacé|adapté|mis à jour)",
    praises=r"bien vu|bonne (?:remarque|trouvaille|idée)|bon point|joli|super|parfait|belle prise",
    thanks=(
        r"merci|oui|ok|d'accord(?!)|exact|effectivement|en effet|tout à fait(?! (?:voulu|volontaire))|désolé|ah|oh"
    ),
    doubts=(
        r"si|sauf|peut-être|probablement|sans doute|apparemment|semble|paraît|pourrait|devrait|serait|"
        r"je crois que non|pensais|croyais|pas sûr|pas sûre|plus|maintenant|désormais|quand|lorsque|tant que|"
        r"seulement|au départ|mais (?:un|de)|à condition|jusqu'à|plutôt|encore"
    ),
    ifs=r"si|sauf|quand|lorsque|tant que|à condition|jusqu'à",
    negates=r"pas|non|jamais|aucun|aucune|ni|guère|sans",
    turns=r"mais|cependant|pourtant|toutefois|en revanche|par contre",
    reasons=r"parce que|car|puisque|vu que|voir",
)

# Spanish and Portuguese share too many words to be told apart in a short reply.
IBERIAN = Language(
    rejects=(
        r"(?:no|não|nao) (?:es|era|hay|veo|é|há|vejo) (?:realmente )?(?:una? |uma? |ningún |ninguna |nenhum |"
        r"nenhuma )?(?:bug|error|erro|problema|fallo|falla|falha|defecto|defeito)|(?:no creo|no pienso|não acho|"
        r"não creio|não acredito) que (?:esto |eso |isso |isto )?(?:sea|seja) (?:una? |uma? )?(?:bug|error|erro|"
        r"problema|fallo|falha)|falso positivo|falsa alarma|falso alarme|intencional(?:mente)?|intencionado|"
        r"a propósito|de propósito|adrede|proposital|deliberado|por diseño|por design|"
        r"comportamiento (?:esperado|deseado|previsto)|comportamento (?:esperado|desejado|previsto)|"
        r"(?:es|está) (?:así )?(?:previsto|pensado así)|"
        r"no (?:se |lo |la )?(?:va a|vamos a|voy a) (?:corregir|arreglar|cambiar)(?:lo|la|se)?|"
        r"no (?:lo )?(?:corregiré|arreglaré|cambiaré)|não (?:vou|vamos) (?:corrigir|arrumar|mudar|alterar)|"
        r"não (?:será|vai ser) (?:corrigido|alterado)|fuera de(?:l)? alcance|fora d[eo] escopo|"
        r"(?:no|não) (?:se )?aplica"
    ),
    denies=(
        r"(?:no puede|não pode|nao pode) (?:pasar|ocurrir|suceder|acontecer|ocorrer|(?:ser|estar) (?:nul[ao]|null|"
        r"vací[ao]|vazi[ao]|cero|zero|negativ[ao]))|"
        r"nunca (?:pasa|ocurre|sucede|acontece|ocorre|(?:es|está|é) (?:nul[ao]|null|vací[ao]|vazi[ao]))|"
        r"(?:es |é )?(?:imposible|impossível)|no (?:lo |la )?(?:necesitamos|necesito|hace falta|es necesario)|"
        r"não (?:precisamos|preciso|precisa|é necessário)|innecesario|desnecessário|está bien así|está bom assim"
    ),
    disagrees=r"no estoy (?:para nada )?de acuerdo|não concordo|discordo",
    refuses=r"no|não|nao|falso|errado|incorrecto|incorreto|no es así",
    mends=(
        r"corregid[oa]|corrigid[oa]|corrigi|arrumei|consertei|corregí|arreglé|arreglad[oa]|arrumad[oa]|"
        r"consertad[oa]|solucionad[oa]|resuelt[oa]|resolvid[oa]|hecho|feito|listo|pronto|"
        r"lo (?:corrijo|arreglo|cambio)|corrijo|(?:lo )?(?:corregiré|arreglaré|corregiremos|arreglaremos)|"
        r"(?:voy|vamos) a (?:corregir|arreglar|cambiar)(?:lo)?|"
        r"(?:vou|vamos) (?:corrigir|arrumar|consertar|mudar|alterar)|próximo (?:push|commit)|subid[oa]|"
        r"(?:tienes?|tens|tem|tiene) (?:\w+ )?(?:razón|razão)|mi error|culpa mía|erro meu|falha minha|"
        r"se me (?:pasó|olvidó|escapó)|esqueci|não (?:vi|percebi|reparei)|ups|ops|concordo"
    ),
    changes=(
        r"añadido|añadí|agregué|agregado|cambiado|cambié|eliminado|eliminé|quitado|quité|actualizado|actualicé|"
        r"ajustado|adicionei|adicionado|alterei|alterado|mudei|removi|removido|atualizei|ajustei|troquei"
    ),
    praises=(
        r"buen (?:ojo|punto|hallazgo|apunte)|buena (?:observación|captura|idea)|bien visto|perfecto|genial|"
        r"bem (?:visto|observado|notado|pego)|boa (?:observação|pegada|captura|ideia)|bom (?:ponto|achado)|"
        r"perfeito|boa"
    ),
    thanks=(
        r"gracias|sí|ok|vale|exacto|cierto|correcto|efectivamente|claro|perdón|ah|oh|obrigad[oa]|valeu|sim|certo|"
        r"exato|verdade|realmente|desculpa|desculpe"
    ),
    doubts=(
        r"si|se (?:for|isso|isto|o|a|é|você|quiser|estiver|não|houver)|caso|salvo|a menos que|quizás?|tal vez|"
        r"talvez|probablemente|provavelmente|seguramente|parece|parecía|parecia|podría|poderia|debería|deveria|"
        r"sería|seria|pensaba|creía|pensé|creí|pensei|achei|achava|no estoy seguro|não tenho certeza|ya no|más|"
        r"mais|ahora|agora|cuando|quando|mientras|enquanto|solo|sólo|só|somente|al principio|no início|"
        r"inicialmente|sino|mas (?:um|sim)|hasta|até|todavía|aún|ainda"
    ),
    ifs=(
        r"si|se (?:for|isso|isto|o|a|é|você|quiser|estiver|não|houver)|caso|salvo|a menos que|cuando|quando|"
        r"mientras|enquanto"
    ),
    negates=r"no|não|nao|nunca|jamás|jamais|ningún|ninguna|nenhum|nenhuma|ni|nem|tampoco|sin|sem|apenas",
    turns=r"pero|sin embargo|aunque|no obstante|mas|porém|contudo|no entanto|entretanto",
    reasons=r"porque|ya que|já que|pues|pois|puesto que|visto que|ver",
)

RUSSIAN = Language(
    rejects=(
        r"(?:это )?не (?:баг|ошибка|проблема|дефект|уязвимость)|"
        r"(?:не вижу|нет) (?:здесь |тут )?(?:никакого |никакой )?(?:бага|ошибки|проблемы)|"
        r"не (?:считаю|думаю)(?: \w+){0,3} (?:багом|ошибкой|проблемой|баг|ошибка|проблема)|"
        r"лож(?:ное|ная|ный) (?:срабатывание|тревога|позитив)|"
        r"(?:это )?(?:сделано )?(?:намеренно|специально|нарочно|умышленно|осознанно)|"
        r"так (?:и )?(?:задумано|задумывалось|нужно|надо|было задумано)|по дизайну|ожидаемое поведение|"
        r"(?:исправлять|чинить|менять|править)(?: это)? не (?:буду|будем|станем)|"
        r"не (?:буду|будем) (?:это )?(?:исправлять|чинить|менять|править)|не применимо|неприменимо|не относится|"
        r"вне (?:рамок|области)"
    ),
    denies=(
        r"не может (?:произойти|случиться|быть (?:пустым|пустой|пуст|null|none|нулём|нулем|отрицательным)|"
        r"возникнуть)|(?:такого )?не (?:бывает|произойдёт|произойдет|случится)|"
        r"никогда не (?:бывает|происходит|пуст|вызывается)|невозможно|не (?:нужно|надо|требуется|нужен|нужна)|"
        r"незачем|оставим как есть|оставляю как есть"
    ),
    disagrees=r"не соглас(?:ен|на|ны)",
    refuses=r"нет|неа|неверно|чушь|ерунда|отклонено",
    mends=(
        r"исправлен[оа]?|исправил[аи]?|исправлю|исправим|исправляю|поправил[аи]?|поправлю|поправим|пофиксил[аи]?|"
        r"пофикшу|починил[аи]?|починю|готово|^сделано$|сделаю|следующем (?:коммите|пуше)|запушил[аи]?|"
        r"(?:ты|вы|бот) (?:\w+ )?прав[аы]?|верно подмечено|согласен|согласна|моя ошибка|мой косяк|"
        r"(?:я )?забыл[аи]?|упустил[аи]?|не (?:заметил|учёл|учел|подумал)[аи]?|проглядел[аи]?|упс"
    ),
    changes=(
        r"добавил[аи]?|добавлен[оа]?|изменил[аи]?|изменено|удалил[аи]?|убрал[аи]?|заменил[аи]?|обновил[аи]?|"
        r"переделал[аи]?"
    ),
    praises=(
        r"хорош(?:ее|ая|о) (?:замечание|находка|подмечено)|отличн(?:ое|ая) (?:замечание|находка)|точно подмечено|"
        r"супер"
    ),
    thanks=r"спасибо|благодарю|да|ок|окей|хорошо|ага|точно|верно|действительно|ясно|понял|поняла|извините|ой",
    doubts=(
        r"если|может быть|возможно|наверное|наверно|вероятно|кажется|похоже|вроде|видимо|должно быть|бы|ли|думал|"
        r"думала|полагал|казалось|не уверен|не уверена|больше|теперь|когда|пока|только|кроме|изначально|раньше|"
        r"а не|ещё|еще"
    ),
    ifs=r"если|когда|пока|кроме",
    negates=r"не|нет|ни|никогда|без|вряд ли|едва ли|отнюдь",
    turns=r"но|однако|хотя|зато",
    reasons=r"потому что|так как|поскольку|ведь|ибо|см",
)

_ZH_FAULT = "(?:bug|问题|問題|缺陷|错误|錯誤|漏洞|故障)"

CHINESE = Language(
    rejects=(
        rf"(?:不是|并非|並非|不算|没有|沒有)(?:真正的|什么|什麼|一个|一個|个|個)? ?{_ZH_FAULT}|"
        rf"不(?:觉得|覺得|认为|認為)(?:这|這|它|那|此处|这里|這裡)?(?:是|有)"
        rf"(?:一个|一個|个|個|什么|什麼)? ?{_ZH_FAULT}|"
        r"误报|誤報|误判|誤判|有意(?:为之|為之|的|这样|這樣|如此|设计|設計)|故意(?:的|这样|這樣|为之|為之|如此|这么|這麼|不)|"
        r"(?:设计|設計)(?:就是|本来就|本來就)?如此|(?:就是|本来就是|本來就是|是)(?:这样|這樣|这么|這麼)(?:设计|設計)的?|"
        r"(?:按|符合)(?:照)?(?:设计|設計|预期|預期)|(?:预期|預期)(?:的)?(?:行为|行為|结果|結果|之内|之內)|在(?:预期|預期)(?:之)?内|"
        r"不(?:会|會|打算|准备|準備|予)(?:去)?(?:修复|修復|修改|修正|修|改)|不修(?:了)?$|不适用|不適用|不在(?:本次|这次|此次)?(?:pr)?(?:的)?范围|"
        r"(?:超出|超過)(?:了)?(?:本|这|這)?.{0,4}(?:范围|範圍)"
    ),
    denies=(
        r"不(?:可能|会|會|能)(?:发生|發生|出现|出現|为空|為空|是空)|"
        r"(?:不|无|無|没|沒)(?:需要?|必要)(?:修改|处理|處理|改|修|这个|這個)?|没有必要|沒有必要|永远不(?:会|為)|"
        r"永遠不會"
    ),
    disagrees=r"不(?:太)?(?:同意|认同|認同|赞同|贊同)",
    refuses=r"不|不是|不对|不對|错|錯|错误|不行|否",
    mends=(
        r"已(?:经|經)?(?:修复|修復|修正|修改|解决|解決|处理|處理|改|更新|更正|提交|推送|修)|"
        r"(?:修|改)(?:好|正|复)(?:了|啦)|修复了|(?:我|马上|馬上|立刻|稍后|稍後|这就|下次|會|会|将|將|来|來|"
        r"去)(?:来|會|会|去|再|就)?(?:修(?!改?吗)|改(?!变)|修复|修改|处理|處理)|"
        r"下(?:一)?(?:个|個|次)(?:提交|commit|push|版本|推送)|"
        r"(?:你|您)?(?:说|說|讲)(?:得|的)(?:很)?(?:对|對|没错|沒錯)|有道理|我的(?:错|錯|疏忽|失误)|"
        r"(?:疏忽|忘(?:记|記)?|漏)了|没注意|沒注意|没考虑|沒考慮|没想到|"
        r"(?<!不)(?<!不太)(?:同意(?!でき|し)|认同|認同|赞同|贊同)|收到"
    ),
    changes=r"(?:加|添加|增加|删除|刪除|移除|替换|替換|调整|調整|改)(?:了|上了|成)|现在(?:会|已|改)|改为|改成",
    praises=r"好(?:发现|發現|眼力|建议|建議|问题|問題)|发现得好|很好|不错|不錯|厉害",
    thanks=r"谢谢|謝謝|感谢|感謝|多谢|好的|是的|对的|對的|确实|確實|没错|沒錯|嗯|ok|抱歉",
    doubts=(
        r"如果|要是|假如|除非|可能(?!发生|發生|出现|出現|为空|為空)|也许|也許|或许|或許|大概|应该|應該|似乎|好像|"
        r"看起来|看起來|是否|是不是|吗|嗎|呢|吧|以为|以為|不确定|不確定|再|现在|現在|不再|时候|時候|只有|原来是|"
        r"本来以为|而是|暂时|暫時"
    ),
    ifs=r"如果|要是|假如|除非|当|當|只有|只要",
    negates=r"不|没|沒|并非|並非|非|未|别|勿|无|無",
    turns=r"但|不过|不過|然而|可是",
    reasons=r"因为|因為|由于|由於|所以|见|見",
    spaced=False,
)

JAPANESE = Language(
    rejects=(
        r"(?:バグ|不具合|問題|エラー|欠陥|脆弱性)(?:では|じゃ|とは|で は|は)(?:ない|なく|ありません|ございません|"
        r"思いません|思わない|言えません|考えていません)|問題(?:は)?(?:ありません|ない(?:です)?)$|誤検知|誤検出|"
        r"誤報|偽陽性|(?:仕様|意図)(?:通り|どおり|です|だ|的|した|している|しています|となって)|"
        r"(?:これは|それは)?仕様$|わざと|意図的|想定(?:通り|どおり|内|された|している)|"
        r"期待(?:通り|どおり)の?(?:動作|挙動)|"
        r"(?:修正|対応|変更)(?:は)?(?:しません|しない|いたしません|行いません|予定はありません)|"
        r"該当(?:しません|しない)|(?:対象|スコープ)外"
    ),
    denies=(
        r"(?:起こり|起き|発生し|あり)(?:得|え)(?:ません|ない)|起こりません|起きません|"
        r"発生(?:しません|しない|することは(?:ない|ありません))|(?:空|null|none|ゼロ)に(?:は)?なりません|"
        r"(?:必要|不要)(?:は(?:ない|ありません)|です|ない)|修正不要|対応不要|このままで(?:いい|良い|よい|問題)"
    ),
    disagrees=r"同意(?:でき|し)(?:ません|ない)|同意しかねます|賛成(?:でき|し)(?:ません|ない)",
    refuses=r"いいえ|違います|ちがいます|違う|いや|却下",
    mends=(
        r"(?:修正|対応|変更|更新|直)(?:しました|済み|した|します|する予定|いたします|致します)|直しました|直します|"
        r"直した|修正済|対応済|次の(?:コミット|プッシュ|push|commit)|プッシュしました|おっしゃる通り|仰る通り|"
        r"その通り|ご指摘の通り|ご指摘(?:どおり)?ありがとう|見落とし|忘れて|気づきません|気付きません|"
        r"考慮(?:漏れ|不足)|確認します|すみません、(?:ミス|間違)"
    ),
    changes=r"(?:追加|削除|置換|調整)(?:しました|済み|した)|(?:よう|こと)にしました|変えました",
    praises=r"(?:良い|いい|ナイス)(?:指摘|発見|キャッチ)|さすが|素晴らしい",
    thanks=r"ありがとう|感謝|はい|了解|承知|確かに|たしかに|なるほど|ok|すみません|申し訳",
    doubts=(
        r"か$|もし|場合|なら|たら|れば|かもしれ|でしょうか|ですか|ますか|かな|おそらく|多分|たぶん|恐らく|"
        r"よう(?:です|に見え|だ)|みたい|はず|思って(?:い|た)|と思いました|もう|今は|今後|これで|なくなり|だけ|当初"
    ),
    ifs=r"もし|ただし",
    negates=r"まったく違|決して",
    negated=(
        r"(?:もの|こと|わけ|の|動作|挙動)?(?:では|じゃ|とは|で は|は|に|と)?(?:な[いくか]|ありません|ません|思え|"
        r"思いま(?:せん)|限ら|言え)"
    ),
    turns=r"しかし|でも|ですが|けど|けれど|ただ|が、",
    reasons=r"ので(?!は)|ため|なぜなら|から",
    spaced=False,
)

KOREAN = Language(
    rejects=(
        r"(?:버그|문제|오류|에러|결함|이슈)(?:가|는|은|라고)? ?(?:아니|아닙|아닌|없습니다|없어요|보지 않|"
        r"생각하지 않|생각 안)|오탐|거짓 ?양성|(?:의도)(?:한|된|적|대로|입니다|예요|했)|일부러|고의(?:로|적|입)|"
        r"설계(?:대로|상 (?:의도|그렇)|된 대로)|예상(?:된|한|되는) (?:동작|결과)|정상(?:적인)? ?동작|"
        r"(?:수정|고치|변경|반영)(?:하지|지) (?:않겠|않을|않습|않아도)|안 ?(?:고칠|고치겠|바꿀)|"
        r"해당(?:되지|하지) 않|해당 ?(?:없음|사항 없)|범위(?:를)? ?(?:밖|벗어)"
    ),
    denies=(
        r"(?:발생|일어)(?:할|날|하지|나지) ?(?:수 ?없|리 ?없|않)|(?:있을|그럴) 수 ?없|"
        r"(?:비어 ?있을|null일|0이 될) 수 ?없|필요(?:가|는|하지)? ?(?:없|않)|불필요|이대로(?:도)? ?(?:괜찮|두|좋)"
    ),
    disagrees=r"동의(?:하지 않|할 수 없)",
    refuses=r"아니요|아니오|아뇨|아닙니다|아니에요|틀렸습니다|틀렸어요|반대합니다",
    mends=(
        r"(?:수정|고쳤|고쳐|고치겠|반영|해결|처리|변경|업데이트|푸시)(?:했|하였|완료|됐|되었|할게|하겠|합니다|"
        r"할 예정|습니다|놓|두)|고쳤|다음 (?:커밋|푸시)|맞(?:습니다|네요|아요)|말씀(?:이|하신)? ?(?:맞|대로)|"
        r"제 (?:실수|잘못)|놓쳤|깜빡|잊었|빠뜨|생각하지 못|생각 ?못|확인(?:해 ?보겠|하겠)|동의합니다|동의해요"
    ),
    changes=r"(?:추가|삭제|제거|교체|조정)(?:했|하였|됐|되었)|바꿨|바꾸었|이제",
    praises=r"좋은 (?:지적|발견|의견|포인트)|잘 (?:찾|보|잡)|예리|훌륭",
    thanks=r"감사|고맙|고마워|네|예,|넵|그렇(?:네요|군요)|알겠|오케이|ok|죄송",
    doubts=(
        r"만약|경우|(?:이|하|되|라)면|아마|혹시|것 같|듯|지도|일까|가요|나요|까요|습니까|줄 알았|생각했|확실하지|"
        r"더 이상|이제|지금|앞으로|때만|에만|원래는|처음에"
    ),
    ifs=r"만약|혹시|단,",
    negates=r"결코|전혀|절대",
    negated=r"[^,;]{0,6}(?:아니|아닙|아닌|않|없)",
    turns=r"하지만|그러나|그런데|다만|지만|는데",
    reasons=r"때문|왜냐하면|므로|니까",
    spaced=False,
)

ITALIAN = Language(
    rejects=(
        r"non (?:è|era|c'è|vedo|ci vedo|si tratta di|lo considero|la considero|mi sembra|mi pare|credo sia|penso sia|"
        r"credo che (?:questo |ciò )?sia|penso che (?:questo |ciò )?sia) (?:davvero |affatto |proprio |qui )?"
        r"(?:un |uno |una |alcun )?(?:vero |vera )?(?:bug|baco|errore|problema|difetto|falla|vulnerabilità)|"
        r"nessun (?:bug|problema|errore|difetto)|falso positivo|falso allarme|voluto|voluta|intenzionale|"
        r"intenzionalmente|apposta|di proposito|deliberat[oa]|deliberatamente|per (?:scelta|progetto)|"
        r"comportamento (?:previsto|atteso|voluto|desiderato|corretto)|come (?:previsto|voluto)|"
        r"non (?:verrà|sarà) (?:corretto|sistemato|modificato|cambiato)|non (?:lo |la )?(?:correggo|correggerò|"
        r"correggeremo|correggiamo|sistemo|sistemerò|sistemeremo|cambio|cambierò|cambieremo|cambiamo|modifico|"
        r"modificherò)|fuori (?:ambito|scope|tema)|non si applica|non (?:è )?applicabile"
    ),
    denies=(
        r"non può (?:mai )?(?:succedere|accadere|capitare|verificarsi|essere (?:vuot[oa]|null|nul[loa]{2,3}|none|zero|"
        r"negativ[oa]))|non (?:succede|accade|capita|è) mai|impossibile|non (?:serve|occorre|è necessario|"
        r"è necessaria|ne abbiamo bisogno|c'è bisogno)|inutile|va bene così|lascio così|lasciamo così"
    ),
    disagrees=r"non sono (?:affatto |per niente )?d'accordo|non concordo|dissento",
    refuses=r"no|falso|sbagliato|errato|non è così|non è vero|sciocchezze",
    mends=(
        r"(?:ho|abbiamo|l'ho|già|appena|è stato|^)(?:appena |già | )*(?:corretto(?! così)|sistemato|risolto|aggiustato|"
        r"fixato)|^fatto$|(?:lo |la )?(?:correggo|correggerò|correggiamo|correggeremo|sistemo|sistemerò|sistemiamo)|"
        r"prossimo (?:push|commit)|pushato|(?:hai|ha|avete) (?:\w+ )?ragione|errore mio|colpa mia|mia svista|"
        r"una svista|mi (?:è|era) sfuggit[oa]|dimenticat[oa]|non (?:ci |lo )?(?:avevo|ho) (?:pensato|visto|notato)|ops"
    ),
    changes=r"aggiunt[oa]|cambiat[oa]|modificat[oa]|rimoss[oa]|eliminat[oa]|sostituit[oa]|aggiornat[oa]|spostat[oa]",
    praises=(
        r"ottim[oa] (?:osservazione|punto|segnalazione|occhio)|buon[oa]? (?:osservazione|punto|occhio|idea)|ben visto|"
        r"bella (?:scoperta|osservazione)|perfetto|bravo"
    ),
    thanks=r"grazie|sì|ok|esatto|vero|giusto|certo|effettivamente|infatti|scusa|scusate|ah|oh",
    doubts=(
        r"se|forse|magari|probabilmente|sembra|pare|potrebbe|dovrebbe|sarebbe|pensavo|credevo|non sono sicur[oa]|più|"
        r"ora|adesso|quando|solo|soltanto|inizialmente|all'inizio|finché|a meno che|piuttosto|ancora|ma (?:un|di)"
    ),
    ifs=r"se|quando|a meno che|finché|purché|tranne",
    negates=r"non|no|mai|nessun[oa]?|né|senza|dubito",
    turns=r"ma(?! (?:un|una|di)\b)|però|tuttavia|comunque|purtroppo|anche se",
    reasons=r"perché|poiché|dato che|visto che|siccome|vedi",
)

POLISH = Language(
    rejects=(
        r"nie (?:jest |ma |widzę |uważam )?(?:tu |tutaj |tego |to |za |żadnego |żadnej |prawdziwy |prawdziwego )*"
        r"(?:bug|bugiem|buga|błąd|błędem|błędu|problem|problemem|problemu|usterka|usterką|usterki)|"
        r"fałszywy alarm|fałszywie (?:pozytywn|dodatni)\w+|celow[oe]|umyślnie|umyślne|zamierzon[eay]|specjalnie|"
        r"tak (?:to )?(?:miało|ma) (?:być|działać)|zgodn(?:ie|e) z (?:projektem|założeniami|zamierzeniem|specyfikacją)|"
        r"oczekiwane zachowanie|zachowanie (?:jest )?oczekiwane|nie (?:będę|będziemy|zamierzam|zamierzamy) (?:tego )?"
        r"(?:naprawiać|poprawiać|zmieniać)|nie (?:naprawię|poprawię|zmienię|naprawimy|poprawimy|zmienimy)|"
        r"nie dotyczy|poza zakresem"
    ),
    denies=(
        r"nie może (?:się |to |tu |tutaj |nigdy )*(?:zdarzyć|wydarzyć|wystąpić|być (?:pust[aey]|null|none|zerem|"
        r"ujemn[aey]))|nigdy (?:się )?nie (?:zdarza|zdarzy|wystąpi|występuje|jest pust[aey])|niemożliwe|"
        r"nie (?:jest )?(?:potrzebne|konieczne|trzeba|potrzeba|potrzebujemy)|zbędne|niepotrzebne|może tak zostać|"
        r"zostawiam(?:y)? (?:tak )?jak jest"
    ),
    disagrees=r"nie zgadzam się|nie zgodzę się|nie sądzę",
    refuses=r"nie|nieprawda|bzdura|błędne|odrzucam|odrzucone",
    mends=(
        r"naprawi(?:on[eay]|ł[ae]m|ę|my)|naprawiam|poprawi(?:on[eay]|ł[ae]m|ę|my)|poprawiam|^zrobione$|^gotowe$|zrobię|"
        r"(?:następnym|kolejnym) (?:commicie|commit|pushu|push)|wypchn\w+|(?:masz|ma|macie) (?:\w+ )?rację|^racja|"
        r"mój błąd|moja wina|przeoczył[ae]m|zapomniał[ae]m|nie (?:zauważył|pomyślał)[ae]m|zgadzam się|zgoda|ups"
    ),
    changes=(
        r"dodał[ae]m|dodane|dodano|zmienił[ae]m|zmienione|zmieniono|usun(?:ąłem|ęłam|ięte|ięto)|zastąpił[ae]m|"
        r"zaktualizował[ae]m|przerobił[ae]m"
    ),
    praises=(
        r"(?:dobr[aey]|świetn[aey]|trafna|celna) (?:uwaga|znalezisko|spostrzeżenie|oko|pomysł)|"
        r"dobrze (?:zauważone|wyłapane)|super|świetnie"
    ),
    thanks=(
        r"dzięki|dziękuję|tak(?! (?:to |ma|miało|jak|zostać))|ok|okej|jasne|dokładnie|faktycznie|rzeczywiście|słusznie|"
        r"przepraszam|ach"
    ),
    doubts=(
        r"jeśli|jeżeli|gdyby|gdy|kiedy|może|chyba|prawdopodobnie|możliwe|wydaje się|wydawało się|wygląda|myślał[ae]m|"
        r"sądził[ae]m|nie jestem pew\w+|już|teraz|tylko|oprócz|początkowo|wcześniej|dopóki|częściowo|raczej|lecz|czy|"
        r"jeszcze|więcej"
    ),
    ifs=r"jeśli|jeżeli|gdyby|gdy|kiedy|chyba że|o ile|dopóki",
    negates=r"nie|bez|nigdy|żaden|żadnego|ani|wątpię",
    turns=r"ale|jednak|lecz|natomiast|chociaż|choć|niestety",
    reasons=r"bo|ponieważ|gdyż|skoro|dlatego że|zob|patrz",
)

_TR_FAULT = r"(?:hata|bug|sorun|problem|kusur)"

TURKISH = Language(
    rejects=(
        rf"{_TR_FAULT}(?: de)? (?:değil(?:dir)?|yok(?:tur)?|görmüyorum|olduğunu (?:düşünmüyorum|sanmıyorum))|"
        r"(?:yanlış|hatalı) (?:alarm|pozitif|tespit)|(?:kasıtlı|bilinçli)(?: olarak| bir \w+)?(?! (?:olarak |bir \w+ )?"
        r"değil)|kasten|bilerek(?! değil)|isteyerek(?! değil)|tasarım gereği|(?:böyle|bu şekilde) (?:tasarlandı|"
        r"olması (?:gerekiyor|lazım)|isteniyor)|beklenen (?:bir )?(?:davranış|sonuç)(?! değil)|düzeltmeyece(?:ğim|ğiz)|"
        r"değiştirmeyece(?:ğim|ğiz)|(?:düzeltil|değiştiril)meyecek|kapsam(?:ı)? dışı(?:nda)?|geçerli değil"
    ),
    denies=(
        r"(?:olamaz|gerçekleşemez|gerçekleşmez|oluşamaz|yaşanmaz|mümkün değil|imkansız|imkânsız)|(?:gerek|lüzum) yok|"
        r"gerekli değil|gereksiz|ihtiyacımız yok|böyle kal(?:abilir|sın)"
    ),
    disagrees=r"katılmıyorum|aynı fikirde değilim|hemfikir değilim|sanmıyorum",
    refuses=r"hayır|yanlış|saçma|saçmalık|reddedildi",
    mends=(
        r"düzelt(?:tim|tik|ildi|eceğim|eceğiz|iyorum|iyoruz|ilecek)|hallet(?:tim|tik|eceğim|eceğiz)|halloldu|"
        r"çöz(?:düm|dük|üldü|eceğim)|^yaptım$|^yapıldı$|^tamamlandı$|haklısın(?:ız)?|benim hatam|"
        r"göz(?:den|ümden) kaç\w+|unut(?:tum|muşum)|fark etme(?:dim|mişim)|sonraki (?:commit|push)\w*|katılıyorum|"
        r"push(?:ladım|landı)"
    ),
    changes=(
        r"ekle(?:dim|ndi)|değiştir(?:dim|ildi)|kaldır(?:dım|ıldı)|sil(?:dim|indi)|güncelle(?:dim|ndi)|taşı(?:dım|ndı)"
    ),
    praises=r"(?:iyi|güzel|harika) (?:yakalama|yakaladın|tespit|nokta|fikir|bulgu)|iyi yakalamışsın|süper|harika",
    thanks=r"teşekkür(?:ler| ederim)?|sağ ?ol|evet|tamam|ok|doğru|kesinlikle|aynen|pardon|ah|oh",
    doubts=(
        r"eğer|belki|galiba|sanırım|muhtemelen|olabilir|görünüyor|gibi|sanmıştım|düşünmüştüm|emin değilim|artık|şimdi|"
        r"sadece|yalnızca|hariç|başta|ise|\w{2,}(?:sa|se|saydı|seydi)|m[ıiuü]|olmadıkça|henüz|daha"
    ),
    ifs=r"eğer|şayet",
    negates=r"asla|hiçbir zaman",
    turns=r"ama|fakat|ancak|yine de|maalesef",
    reasons=r"çünkü|zira|bkz|bakınız",
)

# Without points, alif in one form and ى as ي (:func:`bot.pulls.replies.read_stance` makes it so).
_AR_FAULT = r"(?:ال)?(?:خطا|خلل|خللا|مشكلة|bug|عيب|عيبا|ثغرة)"

ARABIC = Language(
    rejects=(
        rf"(?:ليس|ليست|لا يوجد|لا توجد|لا اري|لا يعد|لا تعد|لا يعتبر|لا تعتبر)(?: هذا| هذه| هناك| هنا| اي| في هذا)* "
        rf"ب?{_AR_FAULT}|لا (?:اعتقد|اظن|اري) (?:ان|انه|انها) (?:هذا |هذه |هناك |هنا )*{_AR_FAULT}|"
        r"انذار(?:ا)? كاذب(?:ا)?|(?:نتيجة )?ايجابي(?:ة)? (?:كاذب|خاطئ)(?:ة)?|مقصود(?:ة|ا)?|متعمد(?:ة|ا)?|عمدا|عن قصد|"
        r"عن عمد|قصدا|(?:حسب|بحسب) التصميم|(?:ال)?سلوك (?:ال)?(?:متوقع|مطلوب|مقصود)|كما هو (?:متوقع|مطلوب|مصمم)|"
        r"لن (?:اصلح|نصلح|اغير|نغير)\w*|لن يتم (?:اصلاح|تغيير|تصحيح)\w*|خارج (?:ال)?نطاق|لا ينطبق"
    ),
    denies=(
        r"لا يمكن (?:ان )?(?:يحدث|يحصل|تحدث|يكون (?:فارغا?|null|none|صفرا?))|لن يحدث|لا يحدث (?:ابدا|هنا)|مستحيل|"
        r"لا (?:حاجة|داعي|نحتاج|احتاج|يلزم)|غير (?:ضروري|لازم)|يبقي كما هو"
    ),
    disagrees=r"لا اوافق|لا اتفق|غير موافق|لست موافقا?",
    refuses=r"لا|كلا|غير صحيح|هراء|مرفوض",
    mends=(
        r"(?:تم|تمت) (?:ال)?(?:اصلاح|تصحيح|حل|تعديل|معالجة)\w*|اصلحت\w*|صححت\w*|(?:سا|سن)(?:صلح|صحح|عدل|قوم)\w*|"
        r"سوف (?:اصلح|نصلح|اقوم|نقوم|اعدل)\w*|(?:انت )?محق|معك حق|خطئي|خطا مني|نسيت|فاتني|لم (?:انتبه|الاحظ)|اتفق|"
        r"اوافق\w*|(?:commit|push) (?:القادم|التالي)"
    ),
    changes=r"اضفت\w*|(?:تم|تمت) (?:اضافة|حذف|تغيير|تحديث|ازالة)\w*|غيرت\w*|حذفت\w*|عدلت\w*|حدثت\w*",
    praises=r"ملاحظة (?:جيدة|ممتازة|رائعة)|ممتاز|رائع|احسنت|اكتشاف جيد",
    thanks=r"شكرا|نعم|اجل|حسنا|تمام|صحيح|بالفعل|فعلا|اسف|عذرا|ok",
    doubts=(r"اذا|لو|ربما|قد|لعل|يبدو|اظن|كنت|لست متاكدا?|غير متاكد|الان|بعد|حتي|فقط|عندما|الا|في البداية|هل|اصبح|بل"),
    ifs=r"اذا|لو|عندما|ما لم|طالما",
    negates=r"ليس|ليست|لا|لم|لن|غير|بدون|دون|ما",
    turns=r"و?لكن|غير ان|الا ان|مع ذلك",
    reasons=r"لان\w*|بسبب|حيث ان|انظر|راجع",
)

LANGUAGES = (
    ENGLISH,
    GERMAN,
    FRENCH,
    IBERIAN,
    ITALIAN,
    POLISH,
    TURKISH,
    RUSSIAN,
    ARABIC,
    CHINESE,
    JAPANESE,
    KOREAN,
)
