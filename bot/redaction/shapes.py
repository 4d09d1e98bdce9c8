"""Know credentials by their shape: prefixes of vendors, keys, webhooks.

Each pattern begins with a literal, which makes a search as fast as one for a word, and every repetition is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.redaction.spans import Span

_PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?:(?!-----BEGIN)[\s\S]){0,8000}?-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    # a log may end within a key
    r"|(?:(?:\s|\\n)*[A-Za-z0-9+/=]{16,}+)*+)"
)
_W = r"[A-Za-z0-9]"
_D = r"[A-Za-z0-9_\-]"

# Kind; the literals it begins with; what follows.
_VENDORS: tuple[tuple[str, str, str], ...] = (
    # New installation tokens are ghs_APPID_JWT, hundreds of characters with dots.
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9_.\-]{30,}"),
    ("GitHub token", "github_pat_", r"[A-Za-z0-9_]{40,}"),
    ("Forgehand token", "fhp_", r"[0-9A-Za-z]{42}\b"),
    ("AWS access key", "AKIA ASIA ABIA ACCA", r"[0-9A-Z]{16}\b"),
    ("Anthropic key", "sk-ant-", rf"{_D}{{20,}}"),
    # Style sheets are full of long names that begin like this, but in lower case.
    ("OpenAI key", "sk-", r"(?=[\w\-]{0,120}[0-9])(?=[\w\-]{0,120}[A-Z])[A-Za-z0-9_\-]{32,}"),
    ("API key", "sk-or-v1-", r"[0-9a-f]{64}"),
    ("API key", "gsk_ xai- csk- fw_ tgp_v1_ nvapi-", rf"(?=\w{{0,60}}[0-9]){_D}{{32,}}"),
    ("API key", "pplx-", rf"{_W}{{40,}}"),
    ("API key", "r8_", rf"{_W}{{37}}"),
    ("Hugging Face token", "hf_ api_org_", rf"{_W}{{34,}}"),
    ("LangSmith key", "lsv2_pt_ lsv2_sk_", r"[0-9a-f]{32}_[0-9a-f]{10}"),
    ("Slack token", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs-", r"[A-Za-z0-9\-.%]{10,}"),
    ("Slack token", "xapp-", r"[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[a-z0-9]{20,}"),
    ("Slack webhook", "hooks.slack.com/", r"(?:services|workflows|triggers)/[A-Za-z0-9+/_\-]{20,}"),
    ("Discord webhook", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", rf"[0-9]{{15,22}}/{_D}{{40,}}"),
    ("Teams webhook", "webhook.office.com/", r"webhookb2/[A-Za-z0-9@\-]{36,100}/\w{5,30}/[A-Za-z0-9/\-]{32,160}"),
    ("Google Chat webhook", "chat.googleapis.com/v1/spaces/", r"[\w\-]{5,40}/messages\?[\w=&%\-]{30,300}"),
    ("Zapier webhook", "hooks.zapier.com/hooks/catch/", r"[0-9]{3,12}/\w{5,20}"),
    ("Google key", "AIza", rf"{_D}{{35}}"),
    ("Google token", "ya29.", r"[A-Za-z0-9_\-.]{20,}"),
    ("Google client secret", "GOCSPX-", rf"{_D}{{24,}}"),
    ("Google refresh token", "1//0", rf"{_D}{{30,}}"),
    ("Stripe key", "sk_live_ rk_live_", rf"{_W}{{20,}}"),
    ("Stripe webhook secret", "whsec_", r"[A-Za-z0-9+/=]{24,}"),
    (
        "GitLab token",
        "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- glagent- gloas- glffct- glimt- glwt-",
        rf"{_D}{{20,}}",
    ),
    ("npm token", "npm_", rf"{_W}{{36}}\b"),
    ("PyPI token", "pypi-AgE", rf"{_D}{{50,}}"),
    ("RubyGems key", "rubygems_", r"[0-9a-f]{48}"),
    ("crates.io token", "cio", rf"(?=\w{{0,31}}[0-9]){_W}{{32}}\b"),
    ("NuGet key", "oy2", r"[a-z0-9]{43}\b"),
    ("Clojars token", "CLOJARS_", rf"{_W}{{60}}"),
    ("Docker token", "dckr_pat_ dckr_oat_", rf"{_D}{{20,}}"),
    ("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}"),
    ("Shopify token", "shpat_ shpss_ shpca_ shppa_", r"[0-9a-fA-F]{32}"),
    ("SendGrid key", "SG.", rf"{_D}{{16,32}}\.{_D}{{30,64}}"),
    ("Mailgun key", "key-", r"[0-9a-f]{32}\b"),
    ("Brevo key", "xkeysib- xsmtpsib-", r"[0-9a-f]{64}-\w{10,20}"),
    ("Twilio key", "SK", r"[0-9a-f]{32}\b"),
    ("Heroku key", "HRKU-", rf"{_D}{{30,}}"),
    ("Netlify token", "nfp_ nfc_ nfo_ nfu_ nfb_", rf"{_W}{{30,}}"),
    ("Vercel token", "vcp_ vci_ vca_ vcr_ vck_", rf"{_W}{{24,}}"),
    ("Fly token", "fm2_ fm1r_ fo1_", r"[A-Za-z0-9+/=_\-]{40,}"),
    ("Cloudflare key", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{100,}"),
    ("Doppler token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", r"[\w.]{40,80}"),
    ("Linear key", "lin_api_ lin_oauth_", rf"{_W}{{32,}}"),
    ("Notion token", "ntn_", rf"{_W}{{40,}}"),
    ("Notion token", "secret_", rf"(?=\w{{0,42}}[0-9])(?=\w{{0,42}}[A-Z]){_W}{{43}}\b"),
    ("Postman key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("Figma token", "figd_ figo_ figor_", rf"{_D}{{36,}}"),
    ("Airtable token", "pat", rf"{_W}{{14}}\.[0-9a-f]{{64}}"),
    ("Atlassian token", "ATATT3 ATCTT3 ATBB ATSTT3", r"[A-Za-z0-9_\-+/=]{20,}"),
    ("Databricks token", "dapi", r"[0-9a-f]{32}(?:-\d)?"),
    ("New Relic key", "NRAK- NRJS- NRII- NRRA- NRIQ- NRAL-", rf"{_D}{{16,}}"),
    ("Grafana token", "glsa_", rf"{_W}{{32}}_[0-9a-fA-F]{{8}}"),
    ("Grafana token", "glc_", r"[A-Za-z0-9+/]{32,}={0,3}"),
    ("Sentry token", "sntrys_ sntryu_ sntryi_", r"[A-Za-z0-9_+/=\-]{30,}"),
    ("Telegram token", ":AA", r"(?<=[0-9]:AA)[A-Za-z0-9_\-]{32,33}\b"),
    ("Square token", "sq0atp- sq0csp- sq0idp- EAAA", rf"{_D}{{22,}}"),
    ("PayPal token", "access_token$production$ access_token$sandbox$", r"[0-9a-z]{16}\$[0-9a-f]{32}"),
    ("Facebook token", "EAAC EAAB EAAG", rf"{_W}{{40,}}"),
    ("Vault token", "hvs. hvb. hvr.", rf"{_D}{{24,}}"),
    ("Terraform token", ".atlasv1.", r"[A-Za-z0-9\-_=]{60,70}"),
    ("Pulumi token", "pul-", r"[0-9a-f]{40}"),
    ("age key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
    ("PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[\w.\-=]{32,}"),
    ("Supabase token", "sbp_ sb_secret_", rf"{_D}{{24,}}"),
    ("Buildkite token", "bkua_ bkaj_ bkct_", r"[0-9a-f]{40}"),
    ("CircleCI token", "CCIPAT_ CCIPRJ_", rf"{_D}{{30,}}"),
    ("SonarQube token", "sqp_ squ_ sqa_", r"[0-9a-f]{40}"),
    ("JFrog key", "AKCp", rf"{_W}{{60,80}}"),
    ("JFrog token", "cmVmdGtu", rf"{_W}{{40,80}}"),
    ("Prefect key", "pnu_ pnb_", rf"{_W}{{36}}"),
    ("ReadMe key", "rdme_", r"[a-z0-9]{70}"),
    ("Shippo token", "shippo_live_ shippo_test_", r"[0-9a-f]{40}"),
    ("Frame.io token", "fio-u-", r"[A-Za-z0-9_\-=]{64}"),
    ("Duffel token", "duffel_live_ duffel_test_", r"[A-Za-z0-9_\-=]{43}"),
    ("Dynatrace token", "dt0c01. dt0s16.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("EasyPost key", "EZAK EZTK", rf"{_W}{{54}}"),
    ("Flutterwave key", "FLWSECK_TEST- FLWSECK-", r"[A-Za-z0-9\-]{12,50}"),
    ("Infracost key", "ico-", rf"{_W}{{32}}"),
    ("Tailscale key", "tskey-auth- tskey-api- tskey-client- tskey-", rf"{_D}{{20,}}"),
    ("1Password token", "ops_eyJ", r"[A-Za-z0-9+/=_\-]{100,}"),
    (
        "1Password key",
        "A3-",
        r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    ),
    ("Contentful token", "CFPAT-", rf"{_D}{{43}}"),
    ("Typeform token", "tfp_", r"[A-Za-z0-9_\-.=]{50,62}"),
    ("Alibaba key", "LTAI", rf"{_W}{{16,24}}\b"),
    ("Yandex key", "AQVN", rf"{_D}{{35,38}}"),
    ("Adobe secret", "p8e-", rf"{_W}{{32}}"),
    ("Lob key", "live_ test_", r"(?=[a-z]{0,34}[0-9])(?![0-9a-f]{36})[0-9a-f]{35}\b"),
    ("Plaid token", "access-sandbox- access-production- access-development-", r"[0-9a-f\-]{36}"),
    ("Render key", "rnd_", rf"{_W}{{24,}}"),
    ("Sourcegraph token", "sgp_", r"(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}"),
    ("Resend key", "re_", rf"(?=\w{{0,32}}[0-9])(?=\w{{0,32}}[A-Z]){_W}{{8}}_{_W}{{20,}}"),
    ("PostHog key", "phx_ phc_", rf"{_W}{{40,}}"),
    ("Azure client secret", "8Q~", r"(?<=\w{3}8Q~)[A-Za-z0-9_~.\-]{30,40}"),
    ("Azure key", "AccountKey= SharedAccessKey=", r"[A-Za-z0-9+/]{40,88}={0,2}"),
    ("Mapbox token", "sk.eyJ pk.eyJ", r"[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]{20,}"),
    ("JSON web token", "eyJ", r"[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]{0,1000})?"),
    (
        "JSON web token",
        "eyJ",
        r"[A-Za-z0-9_\-]{12,}\.[A-Za-z0-9_\-]{0,400}\.[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]{6,}",
    ),
    ("PuTTY key", "Private-Lines:", r" \d{1,3}\s(?:[A-Za-z0-9+/=]{16,}\s)+"),
)


def _compile(literal: str, tail: str) -> re.Pattern[str]:
    plain = re.escape(literal)
    # Behind the literal, since a pattern that begins with it is found faster.
    alone = rf"(?<![A-Za-z0-9]{plain})" if literal[0].isalnum() else ""
    return re.compile(plain + alone + tail)


_SHAPES = (
    ("private key", "-----BEGIN ", re.compile(_PRIVATE_KEY)),
    *((kind, literal, _compile(literal, tail)) for kind, literals, tail in _VENDORS for literal in literals.split()),
)


def find_shapes(text: str) -> Iterator[Span]:
    """Yield the credentials that a shape gives away."""
    for kind, literal, pattern in _SHAPES:
        if literal in text:
            for match in pattern.finditer(text):
                yield Span(match.start(), match.end(), kind)
