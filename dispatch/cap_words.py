"""What a CAP message says of each kind of alarm, in Chinese and English: what leaves the house has no page to translate it."""

from dataclasses import dataclass

LANGUAGES = ("zh-CN", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """One thing in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """In this language; Chinese unless English is asked for."""
        return self.en if language == "en" else self.zh


KINDS: dict[str, Words] = {
    "smoke": Words("感烟报警", "smoke alarm"),
    "heat": Words("感温报警", "heat alarm"),
    "fire_confirmed": Words("火情已确认", "fire confirmed"),
    "fire_look": Words("疑似火情", "possible fire"),
    "smoke_check": Words("烟雾待查", "smoke to be checked"),
    "spread_look": Words("邻室火情蔓延风险", "fire may spread"),
    "residual_current": Words("剩余电流报警", "residual current"),
    "cable_heat": Words("线缆过热", "cable overheating"),
    "co": Words("一氧化碳报警", "carbon monoxide alarm"),
    "gas": Words("燃气泄漏报警", "gas alarm"),
    "gas_co_look": Words("燃气或一氧化碳待查", "gas or carbon monoxide to be checked"),
}
EVENTS: dict[str, Words] = {
    "fire": Words("火情", "Fire"),
    "gas_co": Words("燃气或一氧化碳", "Gas or carbon monoxide"),
}
INSTRUCTIONS: dict[str, Words] = {
    "evacuate": Words(
        "火情已确认，正在疏散，请求救援。",
        "Fire confirmed, being evacuated. Please send help.",
    ),
    "verify_fire": Words("按火情处置，现场正在核实，准备疏散。", "Treated as a fire; staff verify it and prepare to evacuate."),
    "air_and_shut_off": Words("正在关闭气源、通风并撤离人员；勿开关电器。", "Gas being shut off, rooms aired, people led out."),
    "look_beside_fire": Words("同楼已有火情，正在查看此处。", "There is a fire in the building; this place is being looked at."),
}
LOOKING = Words("尚未到报警限，正在到场查看。", "Below the alarm limit; somebody is going to look.")
OVER = Words("处置完毕，险情解除。", "Dealt with; the danger is over.")
FALSE = Words("经核实并非险情，前述消息作废。", "Found to be no emergency; the messages before this one are void.")
EXERCISE = Words("演练，请勿出警。", "Exercise: do not respond.")
TEST = Words("演示系统的测试消息，请勿出警。", "Test message of a demonstration system: do not respond.")
RESTRICTION = "消防救援及当事单位内部使用 · for the fire service and those concerned only"
ADDRESSES = "119"
PLACE = Words("{address}，{site}", "{site}, {address}")
WHERE = Words("位置：{zones}", "Where: {zones}")
FLOOR = Words("{zone}（{floor} 层）", "{zone} (floor {floor})")
PEOPLE = Words(
    "登记在住 {residents} 人，其中 {reduced} 人行动不便", "{residents} residents registered, {reduced} of them cannot walk unaided"
)
