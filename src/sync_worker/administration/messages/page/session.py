"""What is said of signing in and out, and of what somebody may do."""

from sync_worker.language import Message

SIGN_IN_HEADING = Message(sv="Logga in", en="Sign in")
SIGN_IN_INTRODUCTION = Message(
    sv="För dig som administrerar Synpunkter och klagomål i din region.",
    en="For you who administer complaints and feedback in your region.",
)
SIGN_IN = Message(sv="Logga in", en="Sign in")
DEV_SIGN_IN_ACTOR = Message(sv="Logga in som", en="Sign in as")

IDLE_HEADING = Message(sv="Du har loggats ut", en="You have been signed out")
IDLE = Message(
    sv="Du gjorde inget på {minutes} minuter. Logga in igen: det du skrev finns kvar.",
    en="You did nothing for {minutes} minutes. Sign in again: what you wrote is kept.",
)
EXPIRED = Message(
    sv="En inloggning gäller i högst {hours} timmar. Logga in igen: det du skrev finns kvar.",
    en="A sign-in is valid for at most {hours} hours. Sign in again: what you wrote is kept.",
)
ENDED_ELSEWHERE = Message(
    sv="Inloggningen har avslutats, till exempel i ett annat fönster. Logga in igen för att "
    "fortsätta.",
    en="The session has ended, for example in another window. Sign in again to continue.",
)
REQUIRED_HEADING = Message(sv="Du behöver logga in", en="You need to sign in")
REQUIRED = Message(
    sv="Sidan visas när du har loggat in.", en="The page is shown once you have signed in."
)
NOT_KEPT = Message(
    sv="Inget gjordes, och det du skickade finns inte kvar. Logga in och gör det igen.",
    en="Nothing was done, and what you sent was not kept. Sign in and do it again.",
)
"""Of a form, where no session is left to keep it in."""
SIGNED_OUT_HEADING = Message(sv="Du är utloggad", en="You are signed out")
SIGNED_OUT = Message(
    sv="Stäng webbläsaren om andra använder datorn.",
    en="Close the browser if others use the computer.",
)
SIGN_IN_AGAIN = Message(sv="Logga in igen", en="Sign in again")
KEPT = Message(
    sv="Det du skrev innan du loggades ut finns kvar. Kontrollera det och skicka igen.",
    en="What you wrote before you were signed out is kept. Check it and send it again.",
)
EXTENDED = Message(
    sv="Du loggas nu ut först {time} om du inte gör något.",
    en="You are now signed out at {time} if you do nothing.",
)

NO_RIGHTS_HEADING = Message(sv="Du saknar behörighet", en="You have no permission")
NO_RIGHTS = Message(
    sv="Du är inloggad som {actor}, men inloggningen gav ingen behörighet till Synpunkter och "
    "klagomål. Vänd dig till din regions förvaltning.",
    en="You are signed in as {actor}, but the sign-in gave no permission for complaints and "
    "feedback. Turn to the administration of your region.",
)
WRONG_REGION_HEADING = Message(
    sv="Du saknar behörighet till regionen", en="You have no permission for the region"
)
WRONG_REGION = Message(
    sv="Mottagningen administreras av {region}. Du kan se och ändra mottagningar i {own}.",
    en="The clinic is administered by {region}. You can see and change clinics in {own}.",
)
WRONG_REGION_PAGE = Message(
    sv="Sidan gäller {region}. Du kan se och ändra mottagningar i {own}.",
    en="The page is about {region}. You can see and change clinics in {own}.",
)
WRONG_ROLE = Message(
    sv="Sidan är till för {roles}. Du är inloggad som {actor}, {own}.",
    en="The page is for {roles}. You are signed in as {actor}, {own}.",
)
ROLE_REGIONAL = Message(sv="regional administratör", en="regional administrator")
ROLE_NATIONAL = Message(sv="nationell administratör", en="national administrator")
ROLE_SUPPORT = Message(sv="support", en="support")
ROLE_OPERATOR = Message(sv="drift", en="operator")
ROLE_READER = Message(sv="läsare", en="reader")

SIGN_IN_FAILED_HEADING = Message(sv="Inloggningen misslyckades", en="Signing in failed")
SIGN_IN_REFUSED = Message(
    sv="Inloggningstjänsten släppte inte in dig. Försök igen, eller vänd dig till din regions "
    "förvaltning.",
    en="The sign-in service did not let you in. Try again, or turn to the administration of your "
    "region.",
)
SIGN_IN_UNAVAILABLE = Message(
    sv="Inloggningstjänsten svarar inte just nu. Försök igen om en stund.",
    en="The sign-in service does not answer right now. Try again in a while.",
)
SIGN_IN_MIXED_UP = Message(
    sv="Inloggningen påbörjades i ett annat fönster eller tog för lång tid. Börja om.",
    en="The sign-in was begun in another window or took too long. Start again.",
)
SIGN_IN_INVALID = Message(
    sv="Svaret från inloggningstjänsten gick inte att godta. Försök igen. Om det upprepas, ange "
    "{reference} när du kontaktar supporten.",
    en="The answer of the sign-in service could not be accepted. Try again. If it happens "
    "repeatedly, state {reference} when you contact support.",
)
SIGN_IN_TOO_WEAK = Message(
    sv="Du behöver logga in med e-legitimation eller tjänstekort på en högre tillitsnivå.",
    en="You need to sign in with an electronic identification of a higher level of assurance.",
)
SIGN_IN_CLOCKS_DIFFER = Message(
    sv="Klockan hos oss och hos inloggningstjänsten går olika. Kontakta supporten.",
    en="Our clock and that of the sign-in service differ. Contact support.",
)
SIGN_IN_NAMES_NOBODY = Message(
    sv="Inloggningen sade inte vem du är. Vänd dig till din regions förvaltning.",
    en="The sign-in did not say who you are. Turn to the administration of your region.",
)
SIGN_IN_NOT_TRUSTED = Message(
    sv="Begäran kom inte genom den inloggning som gäller här. Öppna sidan från din startsida.",
    en="The request did not come through the sign-in that counts here. Open the page from your "
    "start page.",
)
SIGN_IN_AMBIGUOUS = Message(
    sv="Begäran sade mer än en sak om vem du är, så ingen loggades in. Kontakta supporten.",
    en="The request said more than one thing of who you are, so nobody was signed in. Contact "
    "support.",
)
