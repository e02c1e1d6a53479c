/*
 * The words of generated texts. In lists of a language the first ones are
 * drawn most.
 */
#include "tools/flicketctl/data/generate/generate_parts.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const char *const english[] = {
	"the", "to", "is", "and", "on", "not", "it", "in", "of", "my", "for",
	"with", "that", "have", "can", "be", "this", "when", "after", "please",
	"we", "was", "are", "from", "but", "you", "still", "no", "at", "since",
	"does", "will", "printer", "again", "error", "working", "as",
	"computer", "password", "screen", "by", "an", "has", "login", "need",
	"new", "if", "up", "network", "all", "email", "out", "window",
	"server", "update", "account", "what", "ticket", "open", "restart",
	"file", "desk", "there", "tried", "same", "thanks", "yesterday",
	"software", "print", "monitor", "keyboard", "laptop", "paper", "works",
	"shows", "message", "drive", "cannot", "access", "morning",
	"connection", "slow", "issue", "problem", "today", "phone", "cable",
	"folder", "user", "version", "changed", "installed", "reset",
	"department", "colleague", "office", "machine", "drawing", "supplier",
	"order", "invoice", "delivery", "gauge", "tooling", "fixture",
	"calibration", "certificate", "release", "procedure", "manual",
	"equipment", "holiday", "request", "approval", "approved", "missing",
	"broken", "replaced", "replacement", "disk", "backup", "license",
	"expired", "outlook", "browser", "internet", "intranet", "wifi", "vpn",
	"router", "switch", "port", "firewall", "proxy", "address", "mailbox",
	"calendar", "meeting", "projector", "scanner", "toner", "cartridge",
	"tray", "jam", "driver", "blue", "crash", "freezes", "reboot",
	"shutdown", "battery", "charger", "dock", "mouse", "headset", "camera",
	"microphone", "permission", "denied", "shared", "share", "mapped",
	"group", "policy", "admin", "remote", "desktop", "session", "timeout",
	"quality", "inspection", "deviation", "measurement", "tolerance",
	"batch", "assembly", "spindle", "coolant", "pallet", "forklift",
	"conveyor", "sensor", "valve", "pump", "motor", "bearing", "leak",
	"smoke", "noise", "vibration", "temperature", "pressure", "schedule",
	"planning", "shift", "overtime", "payroll", "contract", "onboarding",
	"badge", "door", "alarm", "light", "air", "conditioning", "kitchen",
	"parking", "visitor", "training", "form", "signature", "template",
	"spreadsheet", "macro", "formula", "report", "export", "import",
	"database", "query", "table", "field", "record", "duplicate",
	"archive", "urgent", "important", "asap", "kindly", "regards", "hello",
	"team", "someone", "anybody", "nobody", "maybe", "perhaps", "already",
	"finally", "suddenly", "sometimes", "always", "never", "often",
	"twice",
};

static const char *const german[] = {
	"die", "der", "und", "das", "ist", "nicht", "Drucker", "ein", "ich",
	"seit", "auf", "mit", "dem", "zu", "geht", "für", "den", "wir", "von",
	"es", "bitte", "kann", "nach", "im", "wieder", "noch", "Rechner",
	"Fehler", "Passwort", "Bildschirm", "gestern", "heute", "früh", "Büro",
	"Gerät", "läuft", "zurück", "Schlüssel", "Prüfung", "Maß", "Größe",
	"Lieferung", "bestätigt", "Wartung", "Störung", "öffnen", "schließen",
	"Übergabe", "Änderung", "Zugang", "gesperrt", "Netzwerk", "langsam",
	"Kühlschmierstoff", "Fräse", "Maßhaltigkeit", "ausgefallen",
	"Schulung", "Urlaub", "genehmigt", "Ersatzteil", "bestellt", "über",
	"während", "hätte", "müsste", "könnte", "grüße", "vielen", "Dank",
};

static const char *const french[] = {
	"le", "la", "de", "et", "les", "est", "pas", "un", "à", "une", "pour",
	"ne", "dans", "que", "sur", "avec", "en", "il", "imprimante", "plus",
	"depuis", "écran", "clé", "erreur", "réseau", "mot", "passe",
	"ordinateur", "été", "déjà", "problème", "français", "café",
	"réception", "câble", "où", "très", "près", "après", "matériel",
	"défectueux", "qualité", "contrôle", "dépôt", "congés", "demandés",
	"fenêtre", "fermée", "accès", "refusé", "mise", "jour", "échoué",
	"sécurité", "élevée", "équipe", "hôte", "merci", "d'avance", "bientôt",
};

static const char *const slavic[] = {
	"не", "на", "и", "в", "что", "принтер", "пожалуйста", "это", "мы", "с",
	"работает", "сегодня", "ошибка", "снова", "пароль", "экран", "сервер",
	"почта", "заказ", "сеть", "отдел", "ключ", "файл", "обновление",
	"после", "вчера", "нет", "доступа", "спасибо", "drukarka", "nie",
	"działa", "proszę", "hasło", "błąd", "sieć", "żółty", "gęś", "źródło",
	"zamówienie", "łącze", "ćwiczenie",
};

static const char *const eastern[] = {
	"打印机", "不能", "电脑", "密码", "网络", "请", "帮忙", "今天", "早上", "开始", "无法", "登录",
	"系统", "屏幕", "没有", "显示", "服务器", "错误", "文件", "夹", "邮件", "已经", "重新", "启动",
	"还是", "一样", "谢谢", "部门", "办公室", "申请", "休假", "批准", "供应商", "图纸", "量具",
	"校准", "证书", "设备", "故障", "更换", "权限", "共享", "会议室", "投影仪", "软件", "更新",
	"之后", "很慢", "パスワード", "を", "忘れました", "プリンター", "が", "動きません", "ネットワーク",
	"에", "접속", "할", "수", "없습니다",
};

static const char *const emoji[] = {
	"😀", "🙏", "👍", "🖨️", "🔥", "🚀", "😡", "✅", "⚠️", "🤷‍♀️", "👩‍💻", "🎉", "📎",
	"❤️",
};

static const char *const syllables[] = {
	"ba", "ter", "lin", "ko", "ra", "men", "dis", "vor", "ta", "pel", "si",
	"gan", "mo", "rix", "len", "du", "fa", "nor", "ki", "ves", "tra",
	"zon", "wi", "bel", "qua", "dor", "jem", "hul", "cas", "pri",
};

static const char *const first_names[] = {
	"Anna", "Ben", "Chloé", "Dmitri", "Élodie", "Fatima", "Grzegorz",
	"Hannah", "Ibrahim", "José", "Kateřina", "Łukasz", "Müge", "Nguyễn",
	"Ólafur", "Priya", "Quentin", "Renée", "Søren", "Tomáš", "Ursula",
	"Víctor", "伟", "Xenia", "Yūko", "Zoë", "敏", "Maria", "John", "Olga",
};

static const char *const last_names[] = {
	"Smith", "Müller", "García", "Nowak", "Ångström", "Øster", "王", "李",
	"O'Brien", "Šimek", "Dąbrowski", "Çelik", "Ferreira", "Öztürk",
	"Singh", "Kowalska", "Petrova", "Yılmaz", "Nakamura", "Jones",
	"van-der-Berg", "Lefèvre", "Hernández", "Schmidt", "Brown",
	"Jørgensen", "Tremblay", "Rossi", "Nagy", "Adams",
};

static const char *const departments[] = {
	"Design", "Manufacturing", "IT", "Quality", "Human Resources",
	"Commercial", "Logistics", "Maintenance", "Qualité",
	"Forschung & Entwicklung", "物流", "Facilities",
};

static const char *const categories[] = {
	"Dataset", "ECN", "ECR", "Other", "Process Planning", "Tooling",
	"Equipment", "Internet", "Intranet", "Procedures", "Manuals",
	"Holidays", "Sick Leave", "Approved Suppliers", "Hardware", "Accounts",
	"Printers", "Inbound", "Outbound", "Customs", "Electrical",
	"Hydraulics", "Audit", "Réclamations", "Prüfstand", "Prototypen", "仓库",
	"运输", "Keys & Badges", "Cleaning",
};

const struct words generate_languages[] = {
	{ english, COUNT(english), " ", ".", 76 },
	{ german, COUNT(german), " ", ".", 8 },
	{ french, COUNT(french), " ", ".", 5 },
	{ slavic, COUNT(slavic), " ", ".", 4 },
	{ eastern, COUNT(eastern), "", "。", 7 },
	{ 0 }
};
const struct words generate_emoji = { emoji, COUNT(emoji), "", "", 0 };
const struct words generate_syllables = { syllables, COUNT(syllables), "", "",
    0 };
const struct words generate_first_names = { first_names, COUNT(first_names),
    "", "", 0 };
const struct words generate_last_names = { last_names, COUNT(last_names), "",
    "", 0 };
const struct words generate_departments = { departments, COUNT(departments),
    "", "", 0 };
const struct words generate_categories = { categories, COUNT(categories), "",
    "", 0 };
