-- What is said on the demo desk. A ticket is a row with its language, category, priority and how often it occurs; its
-- first line is the title. The rows after it are its conversation: 's' is said by the agent, 'a' by the author, and 'f'
-- is the name of a file at what was said before. {words} are those of `slot`; {no} is a number.

CREATE TABLE said (id INTEGER PRIMARY KEY, kind, category, priority, times, text);
INSERT INTO said (kind, category, priority, times, text) VALUES

('en', 5, 2, 9, 'Printer {printer} prints blank pages
Since this morning printer {printer} near {room} gives out blank pages, one after the other. The status page looks fine. We turned it off and on twice.'),
('s', 0, 0, 0, 'Is it blank with every document, or only with the labels? Please print the test page: hold the green button for five seconds.'),
('a', 0, 0, 0, 'The test page is blank, too. See the photo of the display.'),
('f', 0, 0, 0, 'display.png'),
('s', 0, 0, 0, 'The drum is worn out. I have changed it, and the test page is black on white again.'),

('en', 5, 1, 6, 'Paper jam in {printer}
{printer} reports a paper jam in tray 2, but there is no paper in tray 2. I have opened every flap that I could find.'),
('s', 0, 0, 0, 'There was a scrap behind the rear roller. It is out, and it prints. The flap is on the left side, under the cable; I put a label on it.'),

('en', 5, 1, 5, 'Labels from {printer} are cut off on the right
The shipping labels lack the last two digits of the order number. Yesterday they were whole.

Order {no} is an example.'),
('f', 0, 0, 0, 'label.png'),
('s', 0, 0, 0, 'An update has set the paper size to Letter. It is A6 again now. Can you print one and tell me?'),
('a', 0, 0, 0, 'Whole again. Thank you!'),

('en', 1, 2, 8, 'Cannot log in to {app}
I changed my password on {day}, and since then {app} says "Unknown user or wrong password". E-mail works with the new one.'),
('s', 0, 0, 0, '{app} takes a new password within an hour. If it still refuses you, which name do you type: the short one, or your e-mail address?'),
('a', 0, 0, 0, 'My e-mail address. With the short name it works.'),
('s', 0, 0, 0, 'Good. I will ask for a hint on that page, as you are not the first one.'),

('en', 1, 2, 7, 'Access to {app} for {colleague}
Please give {colleague} access to {app}, with the rights that I have. They stand in for me from {day} on.'),
('s', 0, 0, 0, 'Done. They have to log out and in again once. Until when shall they have it?'),
('a', 0, 0, 0, 'For four weeks is enough.'),
('s', 0, 0, 0, 'It ends by itself after four weeks then.'),

('en', 1, 3, 4, 'Account locked, {colleague} cannot work
{colleague} is locked out since 7 o''clock: "too many attempts". The shift has started, and the orders cannot be booked.'),
('s', 0, 0, 0, 'Unlocked. An old phone tried the old password every minute. Please remove the mail account from it.'),

('en', 1, 1, 4, 'Shared folder for the project {customer}
We need a folder that sales and the calibration lab can write to, and everybody else can read.

- Name: `{customer}`
- Owner: me
- Size: about 5 GB'),
('s', 0, 0, 0, 'It is at `\\files\projects\{customer}`. You can change who may write: right click, *Members*.'),
('a', 0, 0, 0, 'Works, thank you.'),

('en', 2, 2, 8, 'Notebook {laptop} does not charge
The battery of {laptop} stays at {no2} %, whatever I do. The light beside the socket is off. With the charger of a colleague it is the same.'),
('s', 0, 0, 0, 'Then it is the socket and not the charger. Please bring it to the service desk; you get another one for the time.'),
('a', 0, 0, 0, 'I am on the road until {day}. Is it enough if I come then?'),
('s', 0, 0, 0, 'Yes. I have kept one for you.'),

('en', 2, 1, 6, 'Second screen in {room} stays dark
At my desk the second screen stays dark after lunch. It is there in the settings, but black. The cable is in.'),
('s', 0, 0, 0, 'Unplug the dock for half a minute, please. If it is black afterwards, I come by with another cable.'),
('a', 0, 0, 0, 'Half a minute did it.'),

('en', 2, 1, 5, 'New keyboard for {laptop}
Some keys stick after an accident with tea. I am sorry. The letters are `e`, `r` and `d`, so this took me a while.'),
('s', 0, 0, 0, 'It happens. A keyboard is in the cupboard in {room}, second shelf. Take one, and tell me the number on it.'),

('en', 2, 2, 2, 'Scanner {no2} at the goods entrance reads nothing
The hand scanner beeps, but nothing appears in the order system. The other one works at the same place.'),
('f', 0, 0, 0, 'scanner.log'),
('s', 0, 0, 0, 'The log says that it has lost its pairing:

```
14:02:11 link lost, rssi -91
14:02:41 pairing refused, key unknown
```

I have paired it again. It should stay within 20 metres of its base.'),

('en', 3, 2, 6, '{app} is slow after the update
Every click in {app} takes four to six seconds since the update on {day}. In the morning it is better.'),
('s', 0, 0, 0, 'Is it slow on all pages, or on the first one only? And are you in the office or at home?'),
('a', 0, 0, 0, 'In the office, on the page with the list. I have attached the times.'),
('f', 0, 0, 0, 'times.csv'),
('s', 0, 0, 0, 'That helped: an index was missing. The list takes half a second now.'),

('en', 3, 1, 5, 'Excel export from {app}: wrong dates
When I export the list, 3 April becomes 4 March. On the screen it is right.'),
('s', 0, 0, 0, 'The file is right, but Excel reads it by the settings of the notebook. Open it by *Data, From text*, and choose "Day Month Year". There is a line about it in the help now.'),

('en', 3, 3, 2, 'The label editor crashes when saving
It closes without a word when I save a label with a picture. The work of an hour is lost. This is what it wrote:

```
LabelEdit 4.2.{no2}
exception: out of range, object 17 of 16
at Label::store (label.cpp:881)
```'),
('f', 0, 0, 0, 'crash.log'),
('s', 0, 0, 0, 'I can make it crash, too: it does not like more than 16 objects. Until the maker mends it, please group some of them. I have asked the maker for a date.'),
('a', 0, 0, 0, 'Grouping works. I leave this open until there is a new version, if that is all right.'),
('s', 0, 0, 0, '4.3 is out and does not crash. It is installed on your notebook.'),

('en', 3, 1, 7, 'Please install the CAD viewer on {laptop}
I have to read the drawings of {customer}. My manager has agreed.'),
('s', 0, 0, 0, 'It is in the list of the software centre now. It installs itself while you have coffee; no restart is needed.'),

('en', 4, 3, 5, 'No network in {room}
Nobody in {room} has a network since ten minutes ago, neither by cable nor by Wi-Fi. Phones are dead, too.'),
('s', 0, 0, 0, 'A switch in the cellar has lost its power. Jonas is on his way.'),
('s', 0, 0, 0, 'It is back. A fuse had blown; the kettle is now at another one.'),

('en', 4, 1, 8, 'Wi-Fi is weak in {room}
Video calls from {room} break off every few minutes. At the window it is better.'),
('s', 0, 0, 0, 'I have measured: two access points use the same channel there. I moved one. Would you try a long call and write how it was?'),
('a', 0, 0, 0, 'An hour without a break. Much better.'),

('en', 4, 2, 2, 'VPN disconnects at home
The VPN is cut off after exactly 60 minutes, with "session expired". I have to log in again each time, in the middle of things.'),
('s', 0, 0, 0, 'Which version does it show under *About*? The old one asks anew after an hour.'),
('a', 0, 0, 0, '3.8.{no2}'),
('s', 0, 0, 0, 'Please take version 4 from the software centre; it stays for ten hours.'),

('en', 6, 2, 9, 'It is too cold in {room}
18 °C at nine in the morning in {room}, and people sit there in coats. The radiator is lukewarm.'),
('s', 0, 0, 0, 'The valve was stuck. It is open, and it should be 21 °C after lunch.'),
('a', 0, 0, 0, 'It is warm now. Thank you, Jonas.'),

('en', 6, 1, 4, 'The air in {room} is bad in the afternoon
With eight people in {room} the air is used up at two o''clock. The display shows 1,{no2}0 ppm. The window cannot be opened.'),
('f', 0, 0, 0, 'co2.png'),
('s', 0, 0, 0, 'The ventilation runs by a timetable that is older than your team. I have set it to the real hours. Please look at the display for some days.'),

('en', 7, 2, 5, 'The door to {room} does not lock
The card reader blinks green, but the bolt does not move. At night anybody could walk in.'),
('s', 0, 0, 0, 'A guard will look at it tonight. The locksmith comes on {day}.'),
('s', 0, 0, 0, 'The bolt is new. Both cards that I tried open it, and nothing else does.'),

('en', 7, 1, 5, 'Key for locker {no2}
I have lost the key of my locker. May I have the second one?'),
('s', 0, 0, 0, 'Yes, at the reception, against a signature.'),

('en', 8, 1, 5, 'A chair in {room} is broken
The back of one of the grey chairs came off. Nobody was hurt. I turned it round, so that nobody sits on it.'),
('s', 0, 0, 0, 'Thank you for turning it round. It is in the workshop, and a new one is in its place.'),

('en', 8, 1, 4, 'Desk that can be raised for {colleague}
{colleague} has a letter from the doctor. What do you need from us?'),
('s', 0, 0, 0, 'The letter stays with Human Resources; I only need the room and the measure of the wall. Delivery takes about three weeks.'),
('a', 0, 0, 0, 'It is {room}, and there are 2.{no2} m.'),
('s', 0, 0, 0, 'Ordered.'),

('en', 9, 1, 4, 'Coffee machine in {room} leaks
There is a puddle under it each morning. We put a towel there.'),
('s', 0, 0, 0, 'The seal of the tank is new. The towel is in the wash.'),

('en', 10, 1, 2, 'Holiday shows one day too few
I have booked from Monday to {day}, and {app} takes five days, although one of them is a public holiday.'),
('s', 0, 0, 0, 'In which site are you entered? Lyon has another calendar than Leeds.'),
('a', 0, 0, 0, 'In Lyon, but I moved to Leeds in spring.'),
('s', 0, 0, 0, 'Then that is it. You are entered in Leeds, and the day is yours again.'),

('en', 11, 2, 4, 'Overtime of {day} is missing
My payslip lacks 6 hours of overtime, from the stocktaking. The time clock has them.'),
('f', 0, 0, 0, 'hours.csv'),
('s', 0, 0, 0, 'They arrived a day after the run. They are on the next payslip, marked as such.'),

('en', 12, 2, 8, '{colleague} starts on {day}
Please prepare for {colleague}:

1. a notebook and a phone
2. accounts for e-mail and {app}
3. a card for the doors of the ground floor

Desk: {room}. Manager: me.'),
('s', 0, 0, 0, '1 and 2 are ready. The card needs a photo; please send {colleague} to the reception on the first day.'),
('a', 0, 0, 0, 'Everything was there. That was the smoothest first day so far.'),

('en', 13, 3, 8, 'Alarm E{no2} at {machine}
{machine} stops after about 20 pieces with alarm E{no2}. We reset it, it runs, and it stops again. Batch {no} is waiting.'),
('s', 0, 0, 0, 'What do the last lines of the panel say? A photo is enough.'),
('a', 0, 0, 0, 'Here it is.'),
('f', 0, 0, 0, 'display.png'),
('s', 0, 0, 0, 'The light barrier was dirty. It is clean, and it has run 200 pieces since. Please wipe it at each change of shift, with the dry cloth.'),

('en', 13, 2, 5, '{machine} has to be serviced
{machine} has reached its hours. When can it be down? We need it on {day}.'),
('s', 0, 0, 0, 'On Saturday from six to noon. Who unlocks hall 3?'),
('a', 0, 0, 0, 'I do.'),
('s', 0, 0, 0, 'Serviced; the next time is in 2,000 hours. The protocol is attached.'),
('f', 0, 0, 0, 'service.txt'),

('en', 14, 3, 6, 'Batch {no}: drift of the {product}
Three of ten pieces of batch {no} drift by more than 0.2 % within a day. Limit: 0.1 %. The batch is blocked.

| piece | after 1 h | after 24 h |
| --- | --- | --- |
| 3 | +0.02 % | +0.22 % |
| 7 | +0.03 % | +0.25 % |
| 9 | +0.01 % | +0.21 % |'),
('f', 0, 0, 0, 'drift.csv'),
('s', 0, 0, 0, 'All three have sensors of the same delivery. Please measure the other two of that delivery, and hold back the rest of it.'),
('a', 0, 0, 0, 'Both drift. So it is the delivery.'),
('s', 0, 0, 0, 'The supplier takes it back. New sensors come on {day}; the batch can be finished with them.'),

('en', 14, 1, 4, 'Certificate for {customer} lacks a signature
The certificate of the {product} for {customer} has no signature on page 2. The customer will not accept it.'),
('s', 0, 0, 0, 'Signed and sent again. The template asks for both signatures from now on.'),

('en', 15, 3, 4, 'Emergency exit near {room} is blocked
Pallets stand in front of the emergency exit near {room}. I could not move them alone.'),
('s', 0, 0, 0, 'They are gone. Please report this by phone the next time, which is faster: 7700 inside the house.'),

('en', 16, 2, 9, 'Order {no}: where is it?
{customer} asks for order {no}, six pieces of the {product}. It was promised for {day}.'),
('s', 0, 0, 0, 'It left on time, and the carrier has lost it in Antwerp. A second parcel is on its way, at our cost.'),
('a', 0, 0, 0, 'The customer has it, and is content.'),

('en', 16, 1, 5, 'Change of address in order {no}
{customer} has moved. Please send order {no} to the new site; the invoice stays where it is.'),
('s', 0, 0, 0, 'Is the street of the new site the one in the signature of their mail?'),
('a', 0, 0, 0, 'Yes, and gate 2.'),
('s', 0, 0, 0, 'Changed before it was packed.'),

('en', 17, 2, 7, '{customer} sends back a {product}
It arrived with a cracked glass. They have sent a picture, and they would like a new one rather than the money.'),
('f', 0, 0, 0, 'parcel.png'),
('s', 0, 0, 0, 'A new one goes out today. They need not send the old one back.'),

('en', 18, 2, 6, 'Warranty: {product} of {customer} shows nothing
The display stays dark. Serial number {no}-{no2}, bought two years ago. Is that still within the warranty?'),
('s', 0, 0, 0, 'By a month, yes. Please have them send it to the lab, with the mark RMA {no}.'),
('a', 0, 0, 0, 'It is on its way.'),
('s', 0, 0, 0, 'A capacitor had died. Repaired, tested for two days, and sent back without a bill.'),

('en', 3, 1, 1, 'How do I book a meeting room?
I am new, and I have looked for it in the calendar for a while. Is there a page?'),
('s', 0, 0, 0, 'In a new meeting, *Add a room*; rooms in green are free. Welcome to the house!'),

('en', 1, 3, 1, 'Strange mail from "the management"
I got a mail that asks me to buy gift cards and to send the codes. I have not answered. Several colleagues got it, too.'),
('f', 0, 0, 0, 'mail.txt'),
('s', 0, 0, 0, 'It is a fraud. Well done for asking first. The sender is blocked, and a warning goes to everybody. **Did anybody answer it?**'),
('a', 0, 0, 0, 'I asked around: nobody.'),

('fr', 5, 2, 5, 'L’imprimante de {salle} n’imprime plus en couleur
Depuis hier, tout sort en noir et blanc. L’écran indique pourtant que les cartouches sont pleines.'),
('s', 0, 0, 0, 'Le pilote était passé en « économie d’encre » après la mise à jour. C’est corrigé. Pouvez-vous refaire un essai ?'),
('a', 0, 0, 0, 'Parfait, les couleurs sont revenues. Merci !'),

('fr', 1, 2, 2, 'Mot de passe oublié après les congés
Je ne retrouve plus le mot de passe du logiciel de paie. Il me le faut avant la clôture du mois.'),
('s', 0, 0, 0, 'Je vous appelle sur votre poste pour vous en donner un nouveau ; vous le changerez à la première connexion.'),

('fr', 13, 3, 4, 'Arrêt de la fraiseuse, code {no2}
La fraiseuse s’arrête au bout de dix minutes avec le code {no2}. Le lot {no} attend.'),
('f', 0, 0, 0, 'display.png'),
('s', 0, 0, 0, 'Le niveau du liquide de coupe est-il au-dessus du repère ?'),
('a', 0, 0, 0, 'Non, juste en dessous. J’ai complété, elle tourne depuis une heure.'),
('s', 0, 0, 0, 'Je ferme donc. La sonde sera remplacée à la prochaine révision.'),

('fr', 6, 1, 4, 'Trop chaud dans {salle}
Il fait 28 °C dans {salle} dès onze heures. Les stores restent bloqués en haut.'),
('s', 0, 0, 0, 'Le moteur des stores est changé. Dites-nous si la température reste trop élevée.'),

('fr', 16, 2, 4, 'Commande {no} : mauvaise adresse de livraison
Le client nous signale que la commande {no} est partie à son ancienne adresse. Peut-on encore l’arrêter ?'),
('s', 0, 0, 0, 'Oui : le transporteur la garde au dépôt. Elle repart demain vers la bonne adresse.'),

('fr', 10, 1, 1, 'Solde de congés incorrect
Il me manque deux jours sur le relevé de ce mois, alors que ma demande de mars a été refusée.'),
('s', 0, 0, 0, 'La demande refusée était encore comptée. Le solde est rétabli, avec nos excuses.'),

('zh', 4, 3, 4, '{fang}的网络断了
从上午九点开始，{fang}的有线和无线网络都连不上，电话也没有信号。'),
('s', 0, 0, 0, '交换机断电了，已经恢复。请再试一下，好吗？'),
('a', 0, 0, 0, '可以用了，谢谢！'),

('zh', 14, 2, 4, '批号 {no} 的压力表读数偏高
批号 {no} 抽检十只，有两只在 2.5 MPa 时读数偏高 0.3 %，超过了允许误差 0.1 %。整批已经隔离。'),
('f', 0, 0, 0, 'drift.csv'),
('s', 0, 0, 0, '请把这两只的序列号发给我，我和供应商核对传感器的批次。'),
('a', 0, 0, 0, '序列号是 {no}-07 和 {no}-12。'),
('s', 0, 0, 0, '是同一批传感器的问题，供应商同意更换。'),

('zh', 5, 1, 3, '{fang}的打印机卡纸
二号纸盒一直提示卡纸，可是打开以后没有看到纸。'),
('s', 0, 0, 0, '后面的滚轮里有一小片纸，已经取出来了。'),

('zh', 3, 2, 2, '订单系统打不开附件
点开供应商的报价单时，订单系统提示“文件格式不支持”。上周还可以打开。'),
('s', 0, 0, 0, '系统更新以后少了一个组件，已经装好。请重新登录一次。'),
('a', 0, 0, 0, '能打开了。'),

('zh', 2, 1, 2, '申请一台新的显示器
做图纸的时候一台显示器不够用，经理已经同意。'),
('s', 0, 0, 0, '显示器周五送到{fang}，到时候帮您接好。'),

('en', 3, 1, 1, 'Thank you for the help page
No problem this time: the page on pairing the scanners has saved us a call already. Could it be printed for the wall in {room}?'),
('s', 0, 0, 0, 'That is good to hear. A laminated one is in your post box.');
