"""The search index: its size, how long it takes to be made anew, and how long a search takes, for texts of several
scripts. Stores are changed behind their services' backs, which do not run meanwhile."""
import contextlib
import sqlite3
import statistics
import time
from urllib.parse import quote

from stand import until

CHINESE = ('打印机 无法 打印 文件 请 重新 启动 电脑 网络 连接 失败 用户 密码 错误 服务器 办公室 三楼 显示器 键盘 鼠标 问题 已经 解决 '
           '谢谢 明天 会议 安装 软件 更新 系统 邮件 发送 接收 附件 太大 权限 申请 账号 登录 不能 使用 今天 早上 开始 出现 检查').split()
THAI = ('เครื่องพิมพ์ ไม่ทำงาน กรุณา ตรวจสอบ คอมพิวเตอร์ เครือข่าย รหัสผ่าน ผู้ใช้ สำนักงาน ชั้นสาม หน้าจอ แป้นพิมพ์ '
        'ปัญหา แก้ไข แล้ว ขอบคุณ พรุ่งนี้ ประชุม ติดตั้ง โปรแกรม ระบบ อีเมล ส่ง รับ ไฟล์ ใหญ่เกินไป สิทธิ์ บัญชี '
        'เข้าสู่ระบบ ไม่ได้ วันนี้ ตอนเช้า เริ่ม').split()
SCRIPTS = {'as generated': None, 'Chinese': CHINESE, 'Thai': THAI}
PIECE = 2                       # characters of a run that are searched for
MINUTES_MOST = 60


def connect(folder, service):
    return contextlib.closing(sqlite3.connect(folder / 'stores' / service / f'{service}.db'))


def write_text(rng, words, characters):
    """A text of about so many characters without blanks, as the scripts have it, in sentences."""
    text, length = [], 0
    while length < characters:
        text.append(rng.choice(words) + ('' if rng.random() < 0.9 else '。' if words is CHINESE else ' '))
        length += len(text[-1])
    return ''.join(text)


def rewrite(folder, rng, words):
    """Give every ticket and reply another text, a third as long in characters: Chinese says as much in them."""
    part = 3 if words is CHINESE else 1
    with connect(folder, 'ticket') as db, db:
        trigger, = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'tickets_rewritten'").fetchone()
        db.execute('DROP TRIGGER tickets_rewritten')
        rows = db.execute('SELECT id, length(title), length(content) FROM tickets').fetchall()
        db.executemany('UPDATE tickets SET title = ?, content = ? WHERE id = ?', (
            (write_text(rng, words, title / part), write_text(rng, words, content / part), i)
            for i, title, content in rows))
        db.execute(trigger)
    with connect(folder, 'post') as db, db:
        rows = db.execute('SELECT id, length(content) FROM posts').fetchall()
        db.executemany('UPDATE posts SET content = ? WHERE id = ?',
                       ((write_text(rng, words, n / part), i) for i, n in rows))


def forget(folder):
    """Empty the index; the service makes it anew."""
    with connect(folder, 'ticket') as db, db:
        for table in ('ticket_words', 'reply_words'):
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")
        db.execute("UPDATE search_form SET form = '', ticket_id = 0, post_id = 0")
    with connect(folder, 'ticket') as db:
        db.execute('VACUUM')


def is_made(folder):
    with connect(folder, 'ticket') as db:
        return db.execute('SELECT post_id IS NULL FROM search_form').fetchone()[0]


def text_bytes(folder):
    with connect(folder, 'ticket') as db, connect(folder, 'post') as posts:
        return (db.execute('SELECT sum(length(CAST(title AS BLOB)) + length(CAST(content AS BLOB))) FROM tickets')
                .fetchone()[0] +
                posts.execute('SELECT sum(length(CAST(content AS BLOB))) FROM posts').fetchone()[0])


def index_bytes(folder):
    with connect(folder, 'ticket') as db:
        return db.execute("SELECT sum(pgsize) FROM dbstat WHERE name GLOB 'ticket_words_*' "
                          "OR name GLOB 'reply_words_*'").fetchone()[0]


def pieces(folder, rng, words, count):
    """What is searched for: words of titles, or two characters next to each other."""
    with connect(folder, 'ticket') as db:
        titles = [row[0] for row in db.execute('SELECT title FROM tickets')]
    for _ in range(count):
        title = rng.choice(titles)
        at = rng.randrange(max(1, len(title) - PIECE))
        yield title[at:at + PIECE] if words else max(title.split(), key=len)


def seconds_of(desk, content):
    begin = time.monotonic()
    desk.api(f'tickets/?content={quote(content)}&sort=relevance')
    return time.monotonic() - begin


def measure(folder, stand, rng, words, searches):
    """One script, on data of its own: what was found."""
    if words:
        rewrite(folder, rng, words)
    forget(folder)
    asked = list(pieces(folder, rng, words, searches))
    begin = time.monotonic()
    with stand(folder) as desk:
        until(lambda: is_made(folder), 'the index is made anew', MINUTES_MOST * 60)
        seconds = time.monotonic() - begin
        times = sorted(seconds_of(desk, content) for content in asked)
    texts = text_bytes(folder)
    return {'seconds': seconds, 'texts': texts, 'index': index_bytes(folder),
            'median': statistics.median(times), 'most': times[-1]}
