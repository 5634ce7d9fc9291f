//! Made-up owners, pets and visits: the n-th of each is always the same.

use chrono::{Days, NaiveDate};

/// Owners of one script: words are separated by spaces, places by semicolons.
struct Region {
    first_names: &'static str,
    last_names: &'static str,
    streets: &'static str,
    cities: &'static str,
    /// A mobile number, with `#` for a digit.
    telephone: &'static str,
}

const REGIONS: [Region; 9] = [
    Region {
        first_names: "Alice Benjamin Chloe Daniel Emily Finn Grace Henry Isla Jack Kate Liam Mia Noah Olivia Peter Quinn Rose Sam Tessa",
        last_names: "Adams Baker Carter Davies Edwards Foster Green Harris Irving Jones Kelly Lewis Morgan Nash O'Brien Parker \
                     Quigley Reed Smith Turner Underwood Vaughan Walker Xavier Young Zimmerman",
        streets: "Main St.;Oak Ave.;Mill Lane;Church Rd.;Lake View Dr.;St. Mary's Row",
        cities: "Madison;Sun Prairie;Monona;Windsor;McFarland;Waunakee;Verona",
        telephone: "60855#####",
    },
    Region {
        first_names: "Anna Björn Clara Dieter Elke Franz Greta Heinz Ilse Jörg Käthe Lukas Märta Nils Ottilie Paul Renate Sören Ute Wolfgang",
        last_names: "Bäcker Becker Fischer Groß Hoffmann Jäger Köhler Krüger Lange Meyer Müller Neumann Öztürk Peters Richter Schäfer \
                     Schmidt Schröder Vogel Weber Weiß Zöllner",
        streets: "Hauptstraße;Gartenweg;Am Mühlbach;Lindenallee;Schloßplatz",
        cities: "Köln;München;Düsseldorf;Lübeck;Weißenburg;Görlitz",
        telephone: "+49171#######",
    },
    Region {
        first_names: "Álvaro Begoña Carlos Dolores Elena Fernando Gonzalo Inés Íñigo José Lucía María Nuria Óscar Pilar Rocío Sofía Tomás",
        last_names: "Álvarez Castaño Díaz Fernández García Gómez Hernández Ibáñez Jiménez López Martínez Muñoz Núñez Ordóñez Peña \
                     Rodríguez Sánchez Vázquez",
        streets: "Calle Mayor;Avenida del Sol;Plaza de España;Paseo Marítimo",
        cities: "Málaga;Córdoba;León;A Coruña;Logroño",
        telephone: "+346########",
    },
    Region {
        first_names: "Afonso Beatriz Caetano Débora Eugênia Fátima Gonçalo Inês João Lúcia Matilde Nuno Otávio Patrícia Simão Zélia",
        last_names: "Araújo Brandão Conceição Falcão Gonçalves Guimarães Magalhães Mourão Nóbrega Pinhão Queirós Romão Simões Tomé",
        streets: "Rua Direita;Avenida da Liberdade;Travessa do Poço",
        cities: "São Paulo;Évora;Guimarães;Belém;Setúbal",
        telephone: "+3519########",
    },
    Region {
        first_names: "가은 건우 나연 도윤 민준 서연 서준 수빈 시우 아린 예준 윤서 은우 이준 재윤 주원 지민 지호 하은 현우",
        last_names: "강 고 김 남궁 노 류 문 박 배 백 서 선우 손 송 신 안 양 오 유 윤 이 임 장 전 정 조 차 최 하 한 허 홍 황",
        streets: "세종대로;테헤란로;중앙로;대학로",
        cities: "서울;부산;대구;인천;광주;대전",
        telephone: "010########",
    },
    Region {
        first_names: "葵 蓮 陽菜 湊 凛 悠真 結衣 大和 咲良 樹 美咲 健太 ひなた さくら タロウ",
        last_names: "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 はせがわ ばんどう",
        streets: "中央通り;本町;桜丘;緑が丘",
        cities: "東京;大阪;京都;札幌;福岡",
        telephone: "090########",
    },
    Region {
        first_names: "Алексей Борис Вера Галина Дмитрий Елена Жанна Зоя Иван Ксения Лев Мария Николай Ольга Пётр Раиса Семён Юлия",
        last_names: "Андреев Белов Волков Григорьев Дьяченко Ершов Жуков Зайцев Иванов Йовович Козлов Лебедев Морозов Новиков Орлов \
                     Петров Соловьёв Щербаков Яковлев",
        streets: "ул. Ленина;Невский проспект;Садовая ул.;Лесной пер.",
        cities: "Москва;Казань;Томск;Псков;Орёл",
        telephone: "+79#########",
    },
    Region {
        first_names: "Ayşe Burak Çağla Deniz Elif Fatma Gökhan Hülya İbrahim Işıl Kemal Mehmet Nur Ömer Pınar Şule Tuğba Ümit Zeynep",
        last_names: "Aydın Bulut Çelik Demir Erdoğan Güneş Işık İnce Kaya Koç Öztürk Polat Şahin Taş Ünal Yıldız Yılmaz",
        streets: "Atatürk Cad.;Gül Sok.;İstiklal Cad.;Çınar Sok.",
        cities: "İstanbul;Ankara;İzmir;Muğla;Eskişehir",
        telephone: "+905#########",
    },
    Region {
        first_names: "آرش بهار پریسا داریوش رضا زهرا سارا شیرین علی فرهاد کاوه گلناز لیلا مریم نیما هدیه",
        last_names: "احمدی بهرامی پارسا تهرانی جعفری حسینی رضایی زارع شریفی صادقی عباسی فرهادی قاسمی کریمی محمدی نوری یزدانی",
        streets: "خیابان آزادی;کوچه گلستان;بلوار کشاورز",
        cities: "تهران;شیراز;اصفهان;تبریز",
        telephone: "+989#########",
    },
];

const PET_NAMES: &str = "Bella Leo Luna Max Molly Rocky Daisy Oscar Ruby Simba Coco Felix Nala Buddy Mochi Bärli Käthe Ñandú Fée Zoë \
                         콩이 초코 두부 보리 모모 さくら タマ ポチ Мурка Шарик Снежок Pamuk Karabaş Boncuk پیشی برفی 🐾 Rex Lucky Basil";
const DESCRIPTIONS: &str = "rabies shot;neutered;spayed;check-up;teeth cleaned;Zähne gereinigt;vacuna anual;건강 검진;予防接種;\
                            стрижка когтей;aşı;واکسن;limping, X-ray taken;🐾 new patient;microchip";

/// No date is later than this one.
const TODAY: NaiveDate = match NaiveDate::from_ymd_opt(2025, 12, 31) {
    Some(date) => date,
    None => NaiveDate::MAX,
};
/// The oldest pet's age, in days.
const OLDEST_PET: u64 = 5000;

/// Pets of four consecutive owners: 8, so two per owner.
const PETS: [u64; 4] = [2, 1, 3, 2];
/// Visits of four consecutive pets: 6, so three per owner.
const VISITS: [u64; 4] = [1, 2, 0, 3];

/// All the words, taken apart once.
pub(super) struct People {
    regions: Vec<([Vec<&'static str>; 4], &'static str)>,
    pet_names: Vec<&'static str>,
    descriptions: Vec<&'static str>,
}

/// One owner.
pub(super) struct Owner {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) address: String,
    pub(super) city: &'static str,
    pub(super) telephone: String,
}

/// One pet with its visits.
pub(super) struct Pet {
    pub(super) name: &'static str,
    pub(super) birth_date: NaiveDate,
    /// A number from which to choose among the types that there are.
    pub(super) kind: usize,
    pub(super) visits: Vec<(NaiveDate, &'static str)>,
}

impl People {
    pub(super) fn new() -> Self {
        let words = |text: &'static str| text.split_whitespace().collect();
        let places = |text: &'static str| text.split(';').collect();
        let regions = REGIONS.iter().map(|region| {
            let texts = [words(region.first_names), words(region.last_names), places(region.streets), places(region.cities)];
            (texts, region.telephone)
        });
        Self { regions: regions.collect(), pet_names: words(PET_NAMES), descriptions: places(DESCRIPTIONS) }
    }

    /// The n-th owner.
    pub(super) fn owner(&self, n: u64) -> Owner {
        let mut random = Random::new(1, n);
        let ([first_names, last_names, streets, cities], telephone) = &self.regions[random.index(self.regions.len())];
        Owner {
            first_name: random.one_of(first_names),
            last_name: random.one_of(last_names),
            address: format!("{} {}", 1 + random.below(999), random.one_of(streets)),
            city: random.one_of(cities),
            telephone: telephone.chars().map(|c| if c == '#' { random.digit() } else { c }).collect(),
        }
    }

    /// The pets of the n-th owner; no two have the same name.
    pub(super) fn pets(&self, n: u64) -> impl Iterator<Item = Pet> {
        let mut random = Random::new(2, n);
        let first_name = random.index(self.pet_names.len());
        let names = self.pet_names.iter().cycle().skip(first_name);
        let quarter = quarter(n);
        let before = n / 4 * PETS.iter().sum::<u64>() + PETS[..quarter].iter().sum::<u64>();
        (before..before + PETS[quarter]).zip(names).map(move |(n, name)| self.pet(n, name, &mut random))
    }

    fn pet(&self, n: u64, name: &'static str, random: &mut Random) -> Pet {
        let age = 1 + random.below(OLDEST_PET);
        let birth_date = TODAY - Days::new(age);
        let mut visit = |_| (birth_date + Days::new(random.below(age)), random.one_of(&self.descriptions));
        let visits = (0..VISITS[quarter(n)]).map(&mut visit).collect();
        Pet { name, birth_date, kind: random.index(1 << 16), visits }
    }
}

fn quarter(n: u64) -> usize {
    usize::try_from(n % 4).unwrap_or(0)
}

/// `SplitMix64`: small, quick, and each number of a row follows from the row's own.
struct Random(u64);

impl Random {
    fn new(table: u64, row: u64) -> Self {
        Self(row.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ table << 56)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn digit(&mut self) -> char {
        char::from_digit(u32::try_from(self.below(10)).unwrap_or(0), 10).unwrap_or('0')
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use schema::tables::TEXT_CHARS;

    #[test]
    fn four_owners_have_eight_pets_and_twelve_visits() {
        let people = People::new();
        for first in [0, 4, 399_996] {
            let pets: Vec<Pet> = (first..first + 4).flat_map(|n| people.pets(n)).collect();
            assert_eq!((pets.len(), pets.iter().map(|pet| pet.visits.len()).sum::<usize>()), (8, 12));
        }
    }

    #[test]
    fn rows_fit_the_schema() {
        let people = People::new();
        let mut scripts = HashSet::new();
        for n in 0..5000 {
            let owner = people.owner(n);
            scripts.insert(owner.city);
            let digits = owner.telephone.strip_prefix('+').unwrap_or(&owner.telephone);
            assert!((7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()), "{}", owner.telephone);
            for text in [owner.first_name, owner.last_name, &owner.address, owner.city] {
                assert!((1..=TEXT_CHARS).contains(&text.chars().count()) && text.trim() == text, "{text:?}");
            }
            let pets: Vec<Pet> = people.pets(n).collect();
            let names: HashSet<String> = pets.iter().map(|pet| pet.name.to_lowercase()).collect();
            assert_eq!(names.len(), pets.len());
            for pet in &pets {
                assert!(pet.birth_date < TODAY && pet.visits.iter().all(|(date, _)| (pet.birth_date..=TODAY).contains(date)));
            }
        }
        assert!(scripts.len() > 40, "{}", scripts.len());
    }

    #[test]
    fn row_depends_on_its_number_alone() {
        let (one, other) = (People::new(), People::new());
        let _ = other.owner(5);
        assert_eq!(one.owner(77).address, other.owner(77).address);
        assert_eq!(
            one.pets(77).map(|pet| pet.birth_date).collect::<Vec<_>>(),
            other.pets(77).map(|pet| pet.birth_date).collect::<Vec<_>>()
        );
    }
}
