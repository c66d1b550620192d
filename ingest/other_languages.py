"""How text speaks to a language model in other languages than English: their most usual forms. Pure data, beside `ingest.wordings`."""

from __future__ import annotations

import re

from ingest.wordings import Rule, rule, words

# By language and the words one of which stands in a text of it; without them it is told by its script.
LANGUAGES = {
    (
        "German",
        "du sie deine deiner deinem ihre ihrer ihren alle nur bitte",
    ): r"""(?:ignorier(?:e|en|t)?|vergiss|vergessen sie|vergesst|missachten?|verwirf) (?:\w+ ){0,5}?(?:vorherigen?|bisherigen?|obigen?|vorigen?|früheren?|vorstehenden?|vorangegangenen?|alle|deine|ihre|sämtliche)\w* (?:\w+ ){0,3}?(?:anweisung\w*|instruktion\w*|vorgaben|befehle?|regeln|prompts?|eingaben)
        |\b(?:du bist|sie sind) (?:jetzt|nun|ab jetzt|ab sofort|von nun an) (?:ein|eine|der|die|kein|keine)\b
        |\b(?:antworte|antworten sie|schreibe?|gib|geben sie) (?:ab (?:jetzt|sofort) |von nun an |bitte |mir )*(?:nur|ausschließlich|lediglich|immer) (?:mit|auf|in|noch)\b
        |\b(?:füge?|fügen sie|erwähne?|erwähnen sie|nenne?|ergänze?|ergänzen sie|schreibe?|verwende|ersetze?|baue?|beende) (?:\S+ ){0,20}?(?:(?:in|zu|zur|mit|an) )?(?:deine[rn]?|ihre[rn]?) antwort(?:en)?\b
        |\bin (?:deiner|ihrer) antwort\b|\b(?:deinen?|ihren?) system-?prompt""",
    (
        "French",
        "vous tu votre vos ta tes les toutes",
    ): r"""(?:ignore[rz]?|oublie[rz]?|néglige[rz]?|ne (?:tiens|tenez) (?:pas|plus) compte) (?:\S+ ){0,5}?(?:instructions?|consignes|directives|règles|ordres)(?: \S+){0,3}? (?:précédent\w*|antérieur\w*|ci-dessus|préalables?|initiales?)
        |\b(?:tu es|vous êtes) (?:maintenant|désormais|dorénavant) une? (?:\S+ ){0,2}?(?:assistant|ia|modèle|robot|chatbot|pirate)|\b(?:réponds|répondez) (?:uniquement|seulement|exclusivement|toujours|désormais)\b
        |\b(?:dans|à|de) (?:ta|votre|tes|vos) réponses?\b|\b(?:ton|votre) prompt (?:système|initial)""",
    (
        "Spanish",
        "tu su las instrucciones ahora eres solo sólo siempre únicamente",
    ): r"""(?:ignor[ae]r?|olvid[ae]r?|descart[ae]r?|ha(?:z|ga) caso omiso de|omit[ae]) (?:\S+ ){0,5}?(?:instrucci\w+|indicaciones|órdenes|directrices|reglas)(?: \S+){0,3}? (?:anterior\w*|previas?|de arriba|precedentes)
        |\bignor[ae] (?:todas )?las (?:anteriores|previas) instrucciones|\b(?:ahora eres|a partir de ahora,? (?:eres|responde|actúa|serás)) |\b(?:responde|responda|contesta|conteste) (?:solo|sólo|solamente|únicamente|siempre|exclusivamente)\b
        |\ben (?:tu|su) respuesta\b|\btu prompt (?:del|de) sistema""",
    (
        "Italian",
        "tua sua le sei istruzioni solo soltanto",
    ): r"""(?:ignora(?:te|re)?|ignori|dimentica(?:te|re)?|dimentichi|trascura) (?:\S+ ){0,5}?(?:istruzioni|indicazioni|direttive|regole|ordini)(?: \S+){0,3}? (?:precedent\w|anterior\w|sopra)
        |\bignora (?:tutte )?le precedenti istruzioni|\b(?:ora|adesso|d'ora in poi) sei (?:un|una|il)\b|\b(?:rispondi|risponda|rispondete) (?:solo|soltanto|solamente|esclusivamente|sempre)\b|\b(?:nella|alla|della) (?:tua|sua|vostra) risposta\b""",
    (
        "Portuguese",
        "você sua na as instruções apenas somente",
    ): r"""(?:ignor[ae]r?|esque[çc]a|desconsidere|descarte) (?:\S+ ){0,5}?(?:instruções|orientações|ordens|regras|diretrizes)(?: \S+){0,3}? (?:anteriores|prévias|acima)
        |\b(?:agora você é|a partir de agora,? (?:você|responda|aja))\b|\bresponda (?:apenas|somente|só|sempre|exclusivamente)\b|\bna (?:sua|tua) resposta\b""",
    (
        "Dutch",
        "je jij uw alle alleen instructies",
    ): r"""(?:negeer|vergeet) (?:\w+ ){0,4}?(?:vorige|eerdere|voorgaande|bovenstaande|alle|je|uw) (?:\w+ ){0,3}?(?:instructies|aanwijzingen|opdrachten|regels|richtlijnen)
        |\b(?:je|jij|u) bent (?:nu|vanaf nu) een\b|\bantwoord (?:alleen|uitsluitend|enkel|altijd) (?:met|in)\b|\b(?:in|aan) (?:je|jouw|uw) antwoord\b""",
    (
        "Scandinavian",
        "alla alle tidigare tidligere",
    ): r"""(?:ignorera|glöm|ignorer|glem|bortse från|se bort fra) (?:\w+ ){0,4}?(?:tidigare|tidligere|ovanstående|ovenstående|ovenfor|föregående|foregående|alla|alle) (?:\w+ ){0,3}?(?:instruktioner|instruksjoner|anvisningar|anvisninger|instrukser)""",
    (
        "Polish",
        "wszystkie poprzednie instrukcje jesteś teraz tylko swojej",
    ): r"""(?:zignoruj\w*|ignoruj\w*|zapomnij\w*|pomiń\w*) (?:\w+ ){0,4}?(?:poprzedni\w+|wcześniejsz\w+|powyższ\w+|wszystki\w+) (?:\w+ ){0,3}?(?:instrukcj\w+|poleceni\w+|wytyczn\w+)|\bjesteś teraz\b|\bodpowiadaj (?:tylko|wyłącznie)\b|\bw swojej odpowiedzi\b""",
    (
        "Turkish",
        "önceki tüm talimatları yukarıdaki bütün artık sen",
    ): r"""(?:önceki|yukarıdaki|tüm|bütün) (?:\w+ ){0,3}?(?:talimat\w*|komut\w*|yönerge\w*)(?: \w+){0,3}? (?:yok say|unut|görmezden gel|dikkate alma|göz ardı et)\w*|\b(?:artık sen|sen artık) bir\b""",
    (
        "Russian",
        "",
    ): r"""(?:про)?(?:игнорируй\w*|забудь\w*|не обращай\w* внимания) (?:на )?(?:\w+ ){0,4}?(?:предыдущ\w+|прежн\w+|все|вышеуказанн\w+|вышеприведённ\w+|свои) (?:\w+ ){0,3}?(?:инструкци\w+|указани\w+|команд\w+|правил\w+)
        |\b(?:ты|вы) теперь\b|\bотвеча(?:й|йте) только\b|\bв (?:сво[её]м|вашем|тво[её]м) ответе\b|\b(?:сво[йи]|тво[йи]|ваш\w*) системн\w+ (?:промпт|инструкц)""",
    (
        "Chinese",
        "",
    ): r"""(?:忽略|无视|無視|忽視|忘记|忘記|不要理会|不理会|抛弃).{0,10}(?:之前|以上|前面|先前|上面|此前|上述|所有|你的).{0,8}(?:指令|指示|说明|說明|提示|命令|规则|規則|要求)
        |你现在(?:是|扮演)|從現在|从现在(?:开始|起).{0,6}(?:你|请|只)|(?:只|仅|只能|仅能)(?:回答|回复|输出|用.{1,6}回答)|在(?:你|您)的(?:回答|回复|答复|答案|輸出|输出)(?:中|里|裡)|(?:你的|您的|显示|输出|告诉我).{0,4}系统提示""",
    (
        "Japanese",
        "",
    ): r"""(?:以前|これまで|上記|前|先|すべて|全て|今まで)の?.{0,8}(?:指示|命令|プロンプト|ルール|設定).{0,6}(?:無視|忘れ|破棄)|(?:今から|これから|今後)、?あなたは|あなたは(?:今から|これから)|(?:だけ|のみ)(?:を|で|と)?(?:答え|回答|出力|返答|返信)(?:て|し|せ)|(?:あなた|君)の(?:回答|返答|応答|システムプロンプト)(?:に|を|で|の中)""",
    (
        "Korean",
        "",
    ): r"""(?:이전|위의|앞의|앞선|지금까지의?|모든).{0,10}(?:지시|명령|지침|프롬프트|규칙).{0,8}(?:무시|잊)|(?:너는|넌|당신은) 이제|(?:지금|이제)부터 (?:너는|당신은)|(?:당신의|너의|네) (?:답변|응답|대답|시스템 프롬프트)(?:에|을|를)""",
    (
        "Arabic",
        "",
    ): r"""(?:تجاهل|انس[َىي]?|تجاهلي|تجاهلوا).{0,20}(?:التعليمات|الأوامر|الإرشادات|التوجيهات)|(?:أنت|انت) الآن|في (?:إجابتك|ردك)|من الآن فصاعد""",
    (
        "Hindi",
        "",
    ): r"""(?:पिछले|पूर्व|सभी|ऊपर|पहले).{0,20}(?:निर्देश|आदेश)\w*.{0,15}(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल|उपेक्षा)|अब (?:से )?(?:तुम|आप)|(?:अपने|आपके) (?:उत्तर|जवाब) में""",
}

OTHER_LANGUAGES: tuple[Rule, ...] = tuple(
    rule(cues, words(re.sub(r"\n\s+", "", pattern)), f"speaks to a model, in {language}")
    for (language, cues), pattern in LANGUAGES.items()
)
