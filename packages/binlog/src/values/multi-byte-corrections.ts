/**
 * Where the servers' tables of a multi-byte character set differ from iconv-lite's of the same name: runs of codes with the
 * first code point they stand for (`code=point`, `first-last=point`, all hexadecimal); point 0 is no character. Written
 * down from SELECT CONVERT(_big5 X'a145' USING utf8mb4) over all codes; MySQL and MariaDB agree.
 */
export const CORRECTIONS: Readonly<Record<string, string>> = {
  big5:
    'a145=2022 a14e=ff64 a15a=fffd a1c2=203e a1c3=fffd a1c5=fffd a1e3=223c a1f2=2641 a1f3=2609 a1fe=fffd ' +
    'a240=fffd a241=ff0f a242=ff3c a244=a5 a246-a247=a2 a2cc=fffd a2ce=fffd a3e1=0 c6a1=30fe ' +
    'c6a2-c6a3=309d c6a4=3005 c6a5-c6f7=3041 c6f8-c7b0=30a1 c7b1-c7b2=414 c7b3=401 c7b4-c7ba=416 ' +
    'c7bb-c7cd=423 c7ce=451 c7cf-c7e8=436 c7e9-c7f2=2460 c7f3-c7fc=2474 f9dd-f9fe=0',
  cp932: 'f941-f9fc=e69d',
  eucjpms:
    'f5a1-fefe=e000 8fa2c3=ffe4 8ff3f3-8ff3fc=2170 8ff3fd-8ff4a8=2160 8ff4a9=ff07 8ff4aa=ff02 8ff4ab=3231 ' +
    '8ff4ac=2116 8ff4ad=2121 8ff4ae=70bb 8ff4af=4efc 8ff4b0=50f4 8ff4b1=51ec 8ff4b2=5307 8ff4b3=5324 ' +
    '8ff4b4=fa0e 8ff4b5=548a 8ff4b6=5759 8ff4b7-8ff4b8=fa0f 8ff4b9=589e 8ff4ba=5bec 8ff4bb=5cf5 ' +
    '8ff4bc=5d53 8ff4bd=fa11 8ff4be=5fb7 8ff4bf=6085 8ff4c0=6120 8ff4c1=654e 8ff4c2=663b 8ff4c3=6665 ' +
    '8ff4c4=fa12 8ff4c5=f929 8ff4c6=6801 8ff4c7-8ff4c8=fa13 8ff4c9=6a6b 8ff4ca=6ae2 8ff4cb=6df8 ' +
    '8ff4cc=6df2 8ff4cd=7028 8ff4ce-8ff4cf=fa15 8ff4d0=7501 8ff4d1=7682 8ff4d2=769e 8ff4d3=fa17 ' +
    '8ff4d4=7930 8ff4d5-8ff4d8=fa18 8ff4d9=7ae7 8ff4da-8ff4db=fa1c 8ff4dc=7da0 8ff4dd=7dd6 8ff4de=fa1e ' +
    '8ff4df=8362 8ff4e0=fa1f 8ff4e1=85b0 8ff4e2-8ff4e3=fa20 8ff4e4=8807 8ff4e5=fa22 8ff4e6=8b7f ' +
    '8ff4e7=8cf4 8ff4e8=8d76 8ff4e9-8ff4eb=fa23 8ff4ec=90de 8ff4ed=fa26 8ff4ee=9115 8ff4ef-8ff4f0=fa27 ' +
    '8ff4f1=9592 8ff4f2=f9dc 8ff4f3=fa29 8ff4f4=973b 8ff4f5=974d 8ff4f6=9751 8ff4f7-8ff4f9=fa2a ' +
    '8ff4fa=999e 8ff4fb=9ad9 8ff4fc=9b72 8ff4fd=fa2d 8ff4fe=9ed1 8ff5a1-8ffefe=e3ac',
  gb18030: 'a3a0=e5e5 8431a530-8439fe39=0',
  gb2312: 'a1a4=30fb a1aa=2015 a2a1-a2aa=0 a6e0-a6eb=0 a6ee-a6f2=0 a6f4-a6f5=0 a8bb=0 a8bd-a8be=0 a8c0=0',
  gbk:
    'a140-a1a0=0 a240-a2a0=0 a2ab-a2b0=0 a2e3-a2e4=0 a2ef-a2f0=0 a2fd-a3a0=0 a440-a4a0=0 a4f4-a5a0=0 ' +
    'a5f7-a6a0=0 a6b9-a6c0=0 a6d9-a6df=0 a6ec-a6ed=0 a6f3=0 a6f6-a7a0=0 a7c2-a7d0=0 a7f2-a7fe=0 ' +
    'a896-a8a0=0 a8bc=0 a8bf=0 a8c1-a8c4=0 a8ea-a8fe=0 a958=0 a95b=0 a95d-a95f=0 a989-a995=0 a997-a9a3=0 ' +
    'a9f0-a9fe=0 aaa1-aafe=0 aba1-abfe=0 aca1-acfe=0 ada1-adfe=0 aea1-aefe=0 afa1-affe=0 d7fa-d7fe=0 ' +
    'f8a1-f8fe=0 f9a1-f9fe=0 faa1-fafe=0 fba1-fbfe=0 fca1-fcfe=0 fda1-fdfe=0 fe50-fefe=0',
  sjis:
    '815f=5c 8160=301c 8161=2016 817c=2212 8191-8192=a2 81ca=ac 8740-875d=0 875f-8775=0 877e-879c=0 ' +
    'ed40-eeec=0 eeef-eefc=0 f040-f940=0 fa40-fc4b=0',
  ujis:
    'a1c0=5c a1c1=301c a1c2=2016 a1dd=2212 a1f1-a1f2=a2 a2cc=ac ada1-adbe=0 adc0-add6=0 addf-adfc=0 ' +
    'f5a1-fefe=e000 8fa2b7=7e 8ff5a1-8ffefe=e3ac',
};
